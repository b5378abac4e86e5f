import fc from 'fast-check';
import t from 'tap';
import { decodeResource, resourceId } from '../../../src/resources/index.ts';
import { problemsOf, refuses } from './refuses.ts';
import {
  anyManifest,
  decode,
  grpcRoute,
  type Manifest,
  parent,
  route,
  service,
  specOf,
  tcpRoute,
  tlsRoute,
  workload,
} from './world.ts';

t.test('the defaults of the Gateway API and of Kubernetes are written out', async (t) => {
  t.same(decode(route('orders', [{ backendRefs: [{ name: 'v1', port: 80 }] }], {}, { namespace: undefined })), {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'orders', namespace: 'default', labels: {}, annotations: {} },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'orders' }],
      hostnames: [],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] }],
          filters: [],
          backendRefs: [{ group: '', kind: 'Service', name: 'v1', port: 80, weight: 1, filters: [] }],
        },
      ],
    },
  });
  t.same(specOf(route('r', undefined)), specOf(route('r', [{}])), 'no rules: one rule that matches everything');
  t.same(specOf(service('s', { ports: [{ port: 80 }] })), {
    selector: { app: 's' },
    ports: [{ name: '', port: 80, targetPort: 80 }],
    clusterIPs: [],
  });
  t.same(specOf(workload('w', { address: 'FD00:0::1' })), {
    address: 'fd00::1',
    ports: {},
    labels: {},
    weight: 1,
  });
  t.same(specOf(workload('w', { address: '::ffff:10.1.2.3' })), {
    address: '10.1.2.3',
    ports: {},
    labels: {},
    weight: 1,
  });
});

t.test('manifests written for Kubernetes paste in', async (t) => {
  const exported = service(
    'orders',
    {
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7', 'FD00:10::7'],
      type: 'ClusterIP',
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'PreferDualStack',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'web', appProtocol: 'kubernetes.io/h2c' }],
    },
    {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"x": 1}\n' },
      creationTimestamp: null,
      generation: 3,
      managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }],
      resourceVersion: '812',
      uid: 'b6c1',
    },
  );
  t.same(specOf({ ...exported, status: { loadBalancer: {} } }), {
    selector: { app: 'orders' },
    ports: [{ name: 'http', port: 80, targetPort: 'web', appProtocol: 'kubernetes.io/h2c' }],
    clusterIPs: ['10.96.0.7', 'fd00:10::7'],
  });
  t.equal(decode({ ...workload('w'), apiVersion: 'networking.istio.io/v1beta1' }).apiVersion, 'networking.istio.io/v1');
  t.equal(
    decode({ ...route('r', [{}]), apiVersion: 'gateway.networking.k8s.io/v1beta1' }).apiVersion,
    'gateway.networking.k8s.io/v1',
  );
  t.same(problemsOf(service('s', { clusterIP: '' })), [], 'an empty clusterIP asks for one');
});

t.test('routes as kubectl prints them paste in', async (t) => {
  const ref = { group: '', kind: 'Service', name: 'orders', weight: 1, port: 80 };
  const status = { parents: [{ controllerName: 'x/y', parentRef: parent('orders'), conditions: [] }] };
  const exported = { uid: 'b6c1', generation: 2, creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '812' };
  const matches = [{ path: { type: 'PathPrefix', value: '/' } }];
  const http = route('h', [{ matches, backendRefs: [ref] }], {}, exported);
  const grpc = grpcRoute('g', [{ matches: [{ method: { type: 'Exact', service: 'a.B' } }], backendRefs: [ref] }]);
  for (const manifest of [http, grpc, tcpRoute('t', [ref]), tlsRoute('s', ['a.example'], [ref])]) {
    t.same(problemsOf({ ...manifest, status }), []);
  }
});

t.test('names of the prototype are ordinary names or refused, never dangerous', async (t) => {
  const parsed: unknown = JSON.parse(
    '{"kind": "Service", "metadata": {"name": "x", "labels": {"__proto__": {"a": 1}}}}',
  );
  t.match(problemsOf(parsed)[0], /"__proto__" is not allowed/);
  const decoded = decode(
    service('constructor', { selector: { constructor: 'toString' } }, { labels: { hasOwnProperty: 'x' } }),
  );
  t.equal(resourceId(decoded), 'Service.shop.constructor');
  t.match(problemsOf({ ...service('s'), toString: 1 })[0], /unknown field/);
  for (const hostile of [{ toString: {} }, { toString: null, valueOf: 1 }, { [Symbol.toPrimitive]: 1 }, []]) {
    const value: unknown = { ...service('s'), metadata: { name: 's', namespace: hostile } };
    t.match(problemsOf(value)[0], /^f\.yaml: Service \?\/s: metadata\.namespace \| must be a string/);
    t.ok(problemsOf({ ...service('s'), kind: hostile, apiVersion: hostile }).length > 0);
    t.ok(problemsOf({ ...service('s'), metadata: { name: hostile } }).length > 0);
  }
});

t.test('nesting without end is refused, not overflowed', async (t) => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = i % 2 === 0 ? [deep] : { a: deep };
  t.match(problemsOf({ ...service('s'), status: deep })[0], /nested deeper than 64/);
});

t.test('fuzz: the decoder never throws, whatever it is given', async () => {
  const bits = fc.oneof(
    fc.constantFrom('Service', 'HTTPRoute', 'v1', 'PathPrefix', 'RequestHeaderModifier', '', '__proto__', 'None'),
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'medium' },
      bits,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(
          fc.constantFrom(
            'kind',
            'spec',
            'metadata',
            'name',
            'rules',
            'matches',
            'ports',
            'filters',
            'type',
            'value',
            'constructor',
          ),
          fc.string(),
        ),
        tie('tree'),
        { maxKeys: 6 },
      ),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => typeof decodeResource(value, 's').ok === 'boolean'),
    { numRuns: 2000 },
  );
  // Near misses reach deeper than noise: a good manifest with one value replaced.
  fc.assert(
    fc.property(anyManifest, tree, fc.nat(), (manifest, value, seed) => {
      const decoded = decodeResource(replaceOne(manifest, value, seed), 's');
      return decoded.ok || decoded.error.every((p) => p.path !== undefined && p.message !== '');
    }),
    { numRuns: 3000 },
  );
});

t.test('fuzz: an unknown field is found wherever it stands', async (t) => {
  fc.assert(
    fc.property(anyManifest, fc.nat(), (manifest, seed) => {
      decode(manifest);
      const objects = strictObjectsIn(manifest);
      const target = objects[seed % objects.length];
      if (target === undefined) return;
      target['zzUnknownField'] = 1;
      const found = problemsOf(manifest);
      t.ok(found.some((p) => p.includes('zzUnknownField | unknown field')));
    }),
    { numRuns: 500 },
  );
});

t.test('fuzz: a decoded resource is a manifest that decodes to itself', async (t) => {
  fc.assert(
    fc.property(anyManifest, (manifest) => {
      const once = decode(manifest);
      t.same(decode(JSON.parse(JSON.stringify(once)) as Manifest), once);
    }),
    { numRuns: 500 },
  );
});

/** A copy with the `seed`-th value, counted depth first, replaced. */
function replaceOne(value: unknown, replacement: unknown, seed: number): unknown {
  const copy: unknown = structuredClone(value);
  const places: [Record<string, unknown>, string][] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      walk((node as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const [node, key] = places[seed % places.length] ?? [];
  if (node !== undefined && key !== undefined) node[key] = replacement;
  return copy;
}

/** Every object of a manifest whose fields are fixed: not labels, selectors and port maps. */
function strictObjectsIn(manifest: Manifest): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  const walk = (node: unknown, key: string): void => {
    if (typeof node !== 'object' || node === null) return;
    if (!Array.isArray(node)) {
      // Keys are free here; `ports` is an object for workloads only.
      if (['labels', 'matchLabels', 'portLevelMtls', 'selector', 'annotations', 'data', 'ports'].includes(key)) return;
      found.push(node as Record<string, unknown>);
    }
    for (const [name, member] of Object.entries(node)) walk(member, Array.isArray(node) ? '' : name);
  };
  walk(manifest, '');
  return found;
}

t.test('envelope: kind and version', async (t) => {
  for (const value of [null, 1, 'x', [], {}, { kind: 3 }]) t.match(problemsOf(value)[0], /a resource needs a kind/);
  t.match(problemsOf({ kind: 'HttpRoute' })[0], /the kind "HttpRoute" is not supported/);
  t.match(decodeResource({ kind: 'Servce' }, ''), {
    ok: false,
    error: [{ code: 'TWP1003', hint: 'did you mean Service?' }],
  });
  refuses(t, { ...service('s'), apiVersion: 'v2' }, 'apiVersion', /must be "v1"/);
  refuses(t, { ...service('s'), specs: {} }, 'specs', /did you mean "spec"/);
  t.match(problemsOf({ kind: 'Service', spec: null })[0], /^f.yaml: Service: apiVersion \| /);
});
