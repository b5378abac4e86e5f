import t from 'tap';
import { MeshState } from '../../../src/control/mesh-state.ts';
import { readGroups } from '../../../src/control/read-groups.ts';
import { decodeResources } from '../../../src/resources/index.ts';

const state = new MeshState(() => undefined);
const decoded = decodeResources(
  `{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: a, namespace: shop}, spec: {template: {}, probe: {tcpSocket: {port: 9}}}}
---
{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: b, namespace: shop}, spec: {template: {}}}`,
  '',
);
if (!decoded.ok) throw new Error(decoded.error[0]?.message);
for (const resource of decoded.value)
  state.putResource({ resource, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }, 1);

function ask(body: unknown) {
  return readGroups({ state }, { data: Buffer.from(JSON.stringify(body)) });
}

t.test('the probe of each group that is asked for; null where there is none', async (t) => {
  const groups = ['a', 'b', 'c'].map((name) => ({ namespace: 'shop', name }));
  const probes = ask({ groups }).groups.map(({ probe }) => probe);
  t.match(probes[0], { tcpSocket: { port: 9 }, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 });
  t.same(probes.slice(1), [null, null]);
});

t.test('a request that is none is refused', async (t) => {
  for (const body of [{}, { groups: [] }, { groups: ['shop/a'] }, { groups: [{ namespace: 'shop' }] }])
    t.throws(() => ask(body), { code: 400 }, JSON.stringify(body));
});
