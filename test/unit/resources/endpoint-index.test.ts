import t from 'tap';
import { EndpointIndex } from '../../../src/resources/index.ts';
import { endpoint } from './world.ts';

t.test('a registration replaces the one of the same host, namespace and name', async (t) => {
  const index = new EndpointIndex();
  t.match(index.put(endpoint('a')), { type: 'endpoint', before: null, after: { name: 'a' } });
  t.match(index.put(endpoint('a', { weight: 5, labels: { app: 'cart' } })), {
    before: { weight: 1 },
    after: { weight: 5 },
  });
  index.put(endpoint('a', { host: 'h2' }));
  index.put(endpoint('a', { namespace: 'pay' }));
  t.equal(index.list().length, 3);
  t.same(
    index.select('shop', { app: 'orders' }).map(({ host }) => host),
    ['h2'],
    'the old labels are forgotten',
  );
  t.same(
    index.select('shop', { app: 'cart' }).map(({ weight }) => weight),
    [5],
  );
});

t.test('a host whose lease ends takes all of its workloads along', async (t) => {
  const index = new EndpointIndex();
  for (const name of ['a', 'b']) for (const host of ['h1', 'h2']) index.put(endpoint(name, { host }));
  t.same(
    index.deleteHost('h1').map((change) => change.type === 'endpoint' && change.before?.name),
    ['a', 'b'],
  );
  t.same(index.deleteHost('h1'), []);
  t.same(
    index.list().map(({ host, name }) => `${host} ${name}`),
    ['h2 a', 'h2 b'],
  );
  t.match(index.delete('h2', 'shop/a'), { before: { name: 'a' }, after: null });
  t.match(index.delete('h2', 'shop/a'), { before: null, after: null });
});
