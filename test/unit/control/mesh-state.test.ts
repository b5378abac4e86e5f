import t from 'tap';
import { MeshState, type Touched } from '../../../src/control/mesh-state.ts';
import { decodeResources, type Resource } from '../../../src/resources/index.ts';

const TEXT = `
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: orders}]
  rules: [{backendRefs: [{name: orders, port: 80}]}]
`;

function valuesOf(text: string): readonly Resource[] {
  const decoded = decodeResources(text, '');
  if (!decoded.ok) throw new Error(decoded.error[0]?.message);
  return decoded.value;
}

t.test('what is registered again as it was touches nothing', async (t) => {
  const touched: Touched[] = [];
  const state = new MeshState((one) => touched.push(one));
  const endpoint = {
    host: 'h',
    namespace: 'shop',
    name: 'o',
    labels: { app: 'orders' },
    address: '10.0.0.1',
    ports: { http: 80 },
    weight: 1,
    healthy: true,
  };
  for (let i = 0; i < 2; i++) {
    state.noteWorkload({ ...endpoint, labels: { ...endpoint.labels } });
    state.putEndpoint({ ...endpoint, ports: { ...endpoint.ports } });
    t.equal(touched.length, 2);
  }
  state.putEndpoint({ ...endpoint, ports: { http: 81 } });
  t.equal(touched.length, 3);
  state.deleteHost('h');
  state.putEndpoint({ ...endpoint, ports: { http: 81 } });
  t.equal(touched.length, 5, 'it was taken out');
});

t.test('each change tells which views it touches, and whether the directory and the egress modes', async (t) => {
  const touched: Touched[] = [];
  const state = new MeshState((one) => touched.push(one));
  for (const resource of valuesOf(TEXT))
    state.putResource({ resource, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }, 7);
  const endpoint = {
    host: 'h',
    namespace: 'shop',
    name: 'o',
    labels: { app: 'orders' },
    address: '10.0.0.1',
    ports: {},
    weight: 1,
    healthy: true,
  };
  state.putEndpoint(endpoint);
  state.putEndpoint({ ...endpoint, name: 'x', labels: { app: 'other' } });
  state.deleteHost('h');
  state.deleteResource('Service.shop.orders');
  state.deleteResource('HTTPRoute.shop.r');
  state.deleteResource('HTTPRoute.shop.r');
  const [resource] = valuesOf(
    '{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: default, namespace: shop}, spec: {}}',
  );
  if (resource !== undefined)
    state.putResource({ resource, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }, 8);
  const orders = ['shop/orders'];
  const both = ['HTTPRoute.shop.r', 'Service.shop.orders'];
  t.same(touched, [
    {
      services: orders,
      hosts: [],
      directory: true,
      egress: false,
      resource: 'Service.shop.orders',
      conditions: ['Service.shop.orders'],
    },
    {
      services: orders,
      hosts: [],
      directory: false,
      egress: false,
      resource: 'HTTPRoute.shop.r',
      conditions: ['HTTPRoute.shop.r'],
    },
    { services: orders, hosts: [], directory: false, egress: false, resource: null, conditions: [] },
    { services: [], hosts: [], directory: false, egress: false, resource: null, conditions: [] },
    { services: orders, hosts: [], directory: false, egress: false, resource: null, conditions: [] },
    { services: [], hosts: [], directory: false, egress: false, resource: null, conditions: [] },
    { services: orders, hosts: [], directory: true, egress: false, resource: 'Service.shop.orders', conditions: both },
    {
      services: orders,
      hosts: [],
      directory: false,
      egress: false,
      resource: 'HTTPRoute.shop.r',
      conditions: ['HTTPRoute.shop.r'],
    },
    {
      services: [],
      hosts: [],
      directory: false,
      egress: true,
      resource: 'Sidecar.shop.default',
      conditions: ['Sidecar.shop.default'],
    },
  ]);
});

t.test('revisions are those that were looked at', async (t) => {
  const state = new MeshState(() => {});
  t.equal(state.revisionOf('Service.a.b'), 0);
  state.noteRevision('Service.a.b', 5);
  t.equal(state.revisionOf('Service.a.b'), 5);
  state.forgetRevisions();
  t.equal(state.revisionOf('Service.a.b'), 0);
});

t.test('what is created later is younger, whatever the clock says', async (t) => {
  const state = new MeshState(() => {});
  const now = Date.parse('2026-05-01T00:00:00.000Z');
  t.equal(state.creationTime(now), '2026-05-01T00:00:00.000Z');
  const decoded = decodeResources(TEXT, '');
  const [resource] = decoded.ok ? decoded.value : [];
  if (resource === undefined) throw new Error('unreachable');
  const put = (creationTimestamp: string): void => state.putResource({ resource, generation: 1, creationTimestamp }, 1);
  put('2026-06-01T00:00:00Z');
  t.equal(state.creationTime(now), '2026-06-01T00:00:00.001Z', 'the clock was set back');
  put('not a time');
  put('2025-01-01T00:00:00Z');
  t.equal(state.creationTime(now), '2026-06-01T00:00:00.001Z');
  t.equal(state.creationTime(now + 86_400_000 * 365), '2027-05-01T00:00:00.000Z', 'it is right again');
  put('9999-12-31T23:59:59.999Z');
  t.equal(state.creationTime(now), '9999-12-31T23:59:59.999Z', 'still a time that can be read');
});

t.test('a registered workload has what its group says, whichever comes first, until the group goes', async (t) => {
  const touched: Touched[] = [];
  const state = new MeshState((one) => touched.push(one));
  const put = (text: string): void => {
    for (const resource of valuesOf(text))
      state.putResource({ resource, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }, 1);
  };
  const group = (weight: number): void =>
    put(
      `{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: g, namespace: shop}, ` +
        `spec: {template: {labels: {app: orders}, weight: ${weight}}}}`,
    );
  put(TEXT);
  const base = { host: 'h', namespace: 'shop', labels: {}, address: '10.0.0.1', ports: {}, weight: 1, healthy: true };
  state.putEndpoint({ ...base, name: 'o', group: 'g' });
  const found = (): unknown[] => state.endpoints.select('shop', { app: 'orders' }).map(({ weight }) => weight);
  t.same(found(), [], 'no group yet');
  group(3);
  t.same(found(), [3]);
  t.same(touched.at(-2)?.services, ['shop/orders'], 'the views of its Services are touched');
  group(4);
  t.same(found(), [4]);
  state.putEndpoint({ ...base, name: 'p', group: 'g' });
  t.same(found(), [4, 4]);
  state.deleteResource('WorkloadGroup.shop.g');
  t.same(found(), []);
  group(5);
  state.deleteEndpoint('h', 'shop/o');
  group(6);
  t.same(found(), [6], 'who left does not come back');
  state.deleteHost('h');
  group(7);
  t.same(found(), []);
});

t.test(
  'what is known of a host touches its own view: registrations, what its lease names, its group, its end',
  async (t) => {
    const touched: string[] = [];
    const state = new MeshState(({ hosts }) => touched.push(...hosts));
    const endpoint = { host: 'h', namespace: 'shop', name: 'o', labels: {}, address: '10.0.0.1', ports: {}, weight: 1 };
    const take = (): string[] => touched.splice(0);
    state.noteWorkload({ ...endpoint, healthy: true, group: 'g' });
    t.strictSame(take(), ['h']);
    state.noteLease('h', ['shop.o']);
    state.noteLease('h', ['shop.o']);
    t.strictSame(take(), ['h'], 'the same once more says nothing new');
    state.putEndpoint({ ...endpoint, healthy: true, group: 'g' });
    state.deleteHost('h');
    t.strictSame(take(), [], 'whether it lives does not matter');
    t.equal(state.hosts.of('h')?.length, 1);
    state.putEndpoint({ ...endpoint, healthy: true, group: 'g' });
    const [group] = valuesOf(
      '{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: g, namespace: shop}, spec: {template: {labels: {app: x}}}}',
    );
    if (group !== undefined)
      state.putResource({ resource: group, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }, 9);
    t.strictSame(take(), ['h']);
    t.same(state.hosts.of('h')?.[0]?.labels, { app: 'x' });
    state.forgetHost('h');
    t.strictSame(take(), ['h']);
  },
);
