import t from 'tap';
import { GroupMembers } from '../../../src/control/group-members.ts';
import type { RegisteredEndpoint } from '../../../src/resources/index.ts';

const registered = (host: string, name: string, group?: string): RegisteredEndpoint => ({
  host,
  namespace: 'shop',
  name,
  labels: {},
  address: '10.0.0.1',
  ports: {},
  weight: 1,
  healthy: true,
  ...(group === undefined ? {} : { group }),
});

t.test('members are found by group until they leave it, go, or their host does', async (t) => {
  const members = new GroupMembers();
  const namesOf = (group: string): string[] => members.members(group).map(({ host, name }) => `${host} ${name}`);
  members.put(registered('h1', 'a', 'cart'));
  members.put(registered('h1', 'b', 'cart'));
  members.put(registered('h10', 'a', 'cart'));
  members.put(registered('h1', 'c'));
  t.same(namesOf('shop/cart'), ['h1 a', 'h1 b', 'h10 a']);
  members.put(registered('h1', 'a', 'web'));
  t.same([namesOf('shop/cart'), namesOf('shop/web')], [['h1 b', 'h10 a'], ['h1 a']]);
  members.delete('h1', 'shop/a');
  t.same(namesOf('shop/web'), []);
  members.deleteHost('h1');
  t.same(namesOf('shop/cart'), ['h10 a'], 'a host whose name begins alike stays');
  members.put(registered('h10', 'a'));
  t.same(namesOf('shop/cart'), []);
});
