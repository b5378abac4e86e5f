import t from 'tap';
import { nextStored, planApply, planDelete, withPlanned } from '../../../src/control/plan-changes.ts';
import { decodeStored, encodeStored } from '../../../src/control/stored-form.ts';
import { decodeResources, type Resource, ResourceIndex } from '../../../src/resources/index.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const service = (name: string, extra = ''): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {selector: {app: ${name}}, ports: [{port: 80}]${extra}}
---
`;
function resources(text: string): Resource[] {
  const decoded = decodeResources(text, '');
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
  return decoded.value;
}
function planned(index: ResourceIndex, text: string) {
  const plan = planApply(index, resources(text), NOW);
  if (!plan.ok) throw new Error(JSON.stringify(plan.error));
  return plan.value;
}
function commit(index: ResourceIndex, text: string): void {
  for (const change of planned(index, text)) if (change.type === 'put') index.put(change.stored);
}

t.test('planning changes nothing in memory', async (t) => {
  const index = new ResourceIndex();
  const plan = planned(index, service('a') + service('b'));
  t.match(plan, [
    { type: 'put', outcome: 'created' },
    { type: 'put', outcome: 'created' },
  ]);
  t.same(index.list(), []);
});

t.test('services of one request never get the same virtual IP', async (t) => {
  const index = new ResourceIndex();
  const names = Array.from({ length: 600 }, (_, i) => `s${i}`);
  const plan = planned(index, names.map((name) => service(name)).join(''));
  const ips = plan.flatMap((c) =>
    c.type === 'put' && c.stored.resource.kind === 'Service' ? c.stored.resource.spec.clusterIPs : [],
  );
  t.equal(ips.length, 1_200);
  t.equal(new Set(ips).size, 1_200);
});

t.test('one conflict refuses the whole request', async (t) => {
  const index = new ResourceIndex();
  commit(index, service('a', ', clusterIP: 10.9.9.9'));
  const plan = planApply(index, resources(service('b') + service('c', ', clusterIP: 10.9.9.9')), NOW);
  t.match(plan, { ok: false, error: [{ code: 'TWP1005' }] });
  t.equal(index.list().length, 1);
});

t.test('generation rises with the spec only; the creation time stays', async (t) => {
  const index = new ResourceIndex();
  commit(index, service('a'));
  t.match(planned(index, service('a')), [{ type: 'unchanged' }]);
  const [before] = index.list();
  const [same] = resources(service('a').replace('namespace: shop', 'namespace: shop, labels: {x: y}'));
  const [other] = resources(service('a').replace('80', '81'));
  if (before === undefined || same === undefined || other === undefined) throw new Error('unreachable');
  const later = '2027-01-01T00:00:00.000Z';
  t.match(nextStored(undefined, other, later), { generation: 1, creationTimestamp: later });
  t.match(nextStored(before, other, later), { generation: 2, creationTimestamp: NOW });
  t.match(planned(index, service('a').replace('namespace: shop', 'namespace: shop, labels: {x: y}')), [
    { type: 'put', outcome: 'updated', stored: { generation: 1, creationTimestamp: NOW } },
  ]);
});

t.test('a delete plan tells what is there and what is not, each once', async (t) => {
  const index = new ResourceIndex();
  commit(index, service('a'));
  t.same(planDelete(index, ['Service.shop.a', 'Service.shop.a', 'Service.shop.b']), [
    { type: 'delete', id: 'Service.shop.a', generation: 1 },
    { type: 'not-found', id: 'Service.shop.b' },
  ]);
});

t.test('what is stored is a manifest that reads back the same', async (t) => {
  const index = new ResourceIndex();
  commit(index, service('a'));
  const [stored] = index.list();
  if (stored === undefined) throw new Error('unreachable');
  t.same(decodeStored('Service.shop.a', Buffer.from(encodeStored(stored))), { ok: true, value: stored });
  t.match(decodeStored('Service.shop.a', Buffer.from(service('a').replace('---', ''))), {
    ok: true,
    value: { generation: null, creationTimestamp: null },
  });
});

t.test('a record under the wrong key, of no resource, of two, or of nonsense is refused', async (t) => {
  for (const [key, text] of [
    ['Service.shop.b', service('a').replace('---', '')],
    ['Service.shop.a', ''],
    ['Service.shop.a', service('a') + service('b')],
    ['Service.shop.a', '{'],
    ['Service.shop.a', '[]'],
    ['Service.shop.a', '{"kind":"Service"}'],
  ] as const) {
    t.notOk(decodeStored(key, Buffer.from(text)).ok, JSON.stringify(text.slice(0, 30)));
  }
  const lying = JSON.stringify({
    ...JSON.parse('{"apiVersion":"v1","kind":"Service","spec":{"selector":{"a":"b"},"ports":[{"port":80}]}}'),
    metadata: { name: 'a', namespace: 'shop', generation: -4, creationTimestamp: 'yesterday' },
  });
  t.match(decodeStored('Service.shop.a', Buffer.from(lying)), {
    ok: true,
    value: { generation: null, creationTimestamp: null },
  });
});

t.test('a look at the index with the changes leaves it as it was', async (t) => {
  const index = new ResourceIndex();
  commit(index, service('a') + service('b'));
  const before = index.list();
  const changes = [
    ...planned(index, service('a').replace('80', '81') + service('c')),
    ...planDelete(index, ['Service.shop.b']),
  ];
  const seen = withPlanned(index, changes, () => index.list().map(({ resource }) => resource.metadata.name));
  t.same(seen, ['a', 'c']);
  t.same(index.list(), before);
  t.throws(() =>
    withPlanned(index, changes, () => {
      throw new Error('a look that fails');
    }),
  );
  t.same(index.list(), before);
});
