import t from 'tap';
import { identityAssignments, wantedIdentities } from '../../../../src/agent/identity/wanted-identities.ts';
import { parseAgentConfig } from '../../../../src/config/parse-agent-config.ts';

function configOf(text: string) {
  const parsed = parseAgentConfig({ name: 'agent.yaml', text }, {}, 'h');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

t.test('each account is asked for once, in the order of the workloads', async (t) => {
  const config = configOf(`
workloads:
  - {name: a, namespace: shop, serviceAccount: orders, ports: {http: 80}}
  - {name: b, namespace: shop, ports: {http: 81}}
  - {name: c, namespace: shop, serviceAccount: orders, ports: {http: 82}}
  - {name: d, namespace: bank, serviceAccount: orders, ports: {http: 83}}
`);
  t.same(wantedIdentities(config), [
    { namespace: 'shop', account: 'orders' },
    { namespace: 'shop', account: 'default' },
    { namespace: 'bank', account: 'orders' },
  ]);
});

t.test('programs that nobody names are not those that a workload keeps for itself', async (t) => {
  const config = configOf(`
workloads:
  - {name: a, serviceAccount: own, ports: {http: 80}, programs: {uids: [1]}}
  - {name: b, serviceAccount: rest, ports: {http: 81}}
`);
  t.same(
    wantedIdentities(config).map(({ account }) => account),
    ['rest', 'own'],
  );
});

t.test('a host without workloads only calls', async (t) => {
  t.same(wantedIdentities(configOf('')), [{ namespace: 'default', account: 'default' }]);
});

t.test('assignments say by what programs are told apart when they are called', async (t) => {
  const config = configOf(`
workloads:
  - name: a
    namespace: shop
    serviceAccount: orders
    ports: {http: 80, admin: 81}
    programs: {uids: [1001]}
  - {name: b, namespace: shop, ports: {http: 82}, programs: {gids: [7]}}
`);
  t.same(identityAssignments(config, 'example.org'), [
    {
      spiffeId: 'spiffe://example.org/ns/shop/sa/orders',
      ports: [80, 81],
    },
    { spiffeId: 'spiffe://example.org/ns/shop/sa/default', ports: [82] },
  ]);
});

t.test('accounts and programs have a form', async (t) => {
  const refused = (fields: string): string => {
    const text = `workloads: [{name: a, ports: {http: 80}, ${fields}}]`;
    const parsed = parseAgentConfig({ name: 'agent.yaml', text }, {}, 'h');
    return parsed.ok ? 'accepted' : JSON.stringify(parsed.error);
  };
  t.match(refused('serviceAccount: a/b'), /name of an account/);
  t.match(refused('programs: {uids: [-1]}'), /uids\[0\]/);
  t.match(refused('programs: {users: [1]}'), /unknown field/);
  t.equal(refused('programs: {uids: [0]}'), 'accepted');
});
