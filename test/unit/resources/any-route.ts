/** Arbitrary routes and route filters, valid ones, whose names collide with those of other resources often enough to matter. */
import fc from 'fast-check';

type Manifest = Record<string, unknown>;

const GROUP = 'gateway.networking.k8s.io/v1';
const namespace = fc.constantFrom('shop', 'pay');
const serviceName = fc.constantFrom('a', 'b', 'c', 'constructor');
const port = fc.constantFrom(80, 81, 8080);
const duration = fc.constantFrom('5s', '1m30s', '20ms');
/** Never the name of a header that cannot be edited. */
const token = fc.stringMatching(/^[xX]-[A-Za-z0-9]{1,5}$/);
const pattern = fc.constantFrom('a.*', '(?:x|y)', '[0-9]{1,3}');

/** Members are present or absent. */
function some(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Manifest> {
  return fc.record(members, { requiredKeys: [] });
}

function manifest(apiVersion: string, kind: string, name: string, ns: string, spec: Manifest): Manifest {
  return { apiVersion, kind, metadata: { name, namespace: ns }, spec };
}

const exactValue = fc.record({ name: token, value: token });
const patternValue = fc.record({ type: fc.constant('RegularExpression'), name: token, value: pattern });
const named = (item: Manifest): string => String(item['name']).toLowerCase();
const values = fc.uniqueArray(fc.oneof(exactValue, patternValue), { maxLength: 2, selector: named });
const edits = fc.uniqueArray(exactValue, { maxLength: 2, selector: named });

const path = fc.oneof(
  fc.record({
    type: fc.constantFrom('Exact', 'PathPrefix'),
    value: fc.constantFrom('/', '/a', '/a/', '/a/b', '/b'),
  }),
  fc.record({ type: fc.constant('RegularExpression'), value: pattern }),
);
const httpMatch = some({ path, method: fc.constantFrom('GET', 'POST'), headers: values, queryParams: values });
const grpcMethod = fc.oneof(
  some({ service: fc.constantFrom('a.B', '.a.B', 'c'), method: fc.constantFrom('Get', 'Put') }),
  some({ service: pattern, method: pattern }).map((m) => ({ ...m, type: 'RegularExpression' })),
);
const grpcMatch = some({
  method: grpcMethod.filter((m) => 'service' in m || 'method' in m),
  headers: values,
});

/** Both kinds share their names. */
const SERVICE = { group: '', kind: 'Service' };
const frontend = fc.constantFrom(SERVICE, SERVICE, { group: 'networking.istio.io', kind: 'ServiceEntry' });
const target = fc.tuple(frontend, fc.record({ name: serviceName, port })).map(([kind, rest]) => ({ ...kind, ...rest }));
const weightedName = fc.record(
  { name: serviceName, port, weight: fc.integer({ min: 0, max: 3 }) },
  { requiredKeys: ['name', 'port'] },
);
const weighted = fc.tuple(frontend, weightedName).map(([kind, rest]) => ({ ...kind, ...rest }));
const mirror = fc
  .tuple(target, some({ percent: fc.integer({ min: 0, max: 100 }) }))
  .map(([backendRef, share]) => ({ type: 'RequestMirror', requestMirror: { backendRef, ...share } }));
const modifiers = fc.tuple(edits, edits).map(([set, add]) => [
  { type: 'RequestHeaderModifier', requestHeaderModifier: { set } },
  { type: 'ResponseHeaderModifier', responseHeaderModifier: { add } },
]);
const rewrite = fc.constantFrom('/', '/x', '').map((replaceFullPath) => ({
  type: 'URLRewrite',
  urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath } },
}));
const cors = fc.constant({ type: 'CORS', cors: { allowOrigins: ['https://*.example'], allowMethods: ['*'] } });
const extension = fc.constantFrom('f1', 'f2').map((name) => ({
  type: 'ExtensionRef',
  extensionRef: { group: 'gateway.envoyproxy.io', kind: 'HTTPRouteFilter', name },
}));

/** Any of the lists together, in any of their combinations. */
function together(...lists: fc.Arbitrary<Manifest | Manifest[]>[]): fc.Arbitrary<Manifest[]> {
  return fc.tuple(...lists.map((list) => fc.option(list, { nil: [] }))).map((found) => found.flat());
}

const grpcFilters = together(modifiers, mirror, extension);
const httpFilters = together(modifiers, mirror, rewrite, cors, extension);
const withFilters = (ref: fc.Arbitrary<Manifest>, filters: fc.Arbitrary<Manifest[]>): fc.Arbitrary<Manifest> =>
  fc.tuple(ref, some({ filters })).map(([plain, more]) => ({ ...plain, ...more }));
const session = fc.constantFrom<Manifest>(
  { sessionName: 'sid' },
  { type: 'Cookie', cookie: {}, absoluteTimeout: '1h' },
  { type: 'Header', header: { name: 'x-session' } },
);

const httpRule = some({
  name: fc.constantFrom('main', 'beta'),
  matches: fc.array(httpMatch, { maxLength: 3 }),
  backendRefs: fc.array(withFilters(weighted, together(modifiers, mirror, rewrite)), { maxLength: 3 }),
  filters: httpFilters,
  timeouts: some({ request: fc.constantFrom('0s', '90s'), backendRequest: duration }),
  retry: some({ codes: fc.constantFrom([503], [500, 502]), attempts: fc.constantFrom(1, 3), backoff: duration }),
  sessionPersistence: session,
});
const grpcRule = some({
  name: fc.constantFrom('main', 'beta'),
  matches: fc.array(grpcMatch, { maxLength: 3 }),
  backendRefs: fc.array(withFilters(weighted, together(modifiers, mirror)), { maxLength: 3 }),
  filters: grpcFilters,
  sessionPersistence: session,
});
const redirectRule = fc.record({
  matches: fc.array(httpMatch, { maxLength: 2 }),
  filters: fc.constant([{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }]),
});

const parentRefs = fc
  .record({
    kind: frontend,
    name: serviceName,
    ns: fc.option(namespace, { nil: undefined }),
    port: fc.option(port, { nil: undefined }),
  })
  .map(({ kind, name, ns, port: number }) => [
    {
      ...kind,
      name,
      ...(ns === undefined ? {} : { namespace: ns }),
      ...(number === undefined ? {} : { port: number }),
    },
  ]);

function route(kind: string, rules: fc.Arbitrary<unknown>, more: fc.Arbitrary<Manifest>): fc.Arbitrary<Manifest> {
  const name = fc.constantFrom('r1', 'r2', 'r3');
  return fc
    .tuple(name, namespace, parentRefs, rules, more)
    .map(([n, ns, refs, list, rest]) => manifest(GROUP, kind, n, ns, { parentRefs: refs, rules: list, ...rest }));
}

const nothing = fc.constant({});
const ruleList = (rule: fc.Arbitrary<Manifest>): fc.Arbitrary<Manifest[]> =>
  fc.uniqueArray(rule, { minLength: 1, maxLength: 3, selector: (one) => one['name'] ?? one });
const oneRule = fc.array(weighted, { minLength: 1, maxLength: 3 }).map((backendRefs) => [{ backendRefs }]);
const hostnames = fc
  .uniqueArray(fc.constantFrom('a.example', '*.example', '*.a.example'), { maxLength: 3 })
  .map((list) => ({ hostnames: list }));

const cookies = fc.array(
  fc.record({ cookies: fc.uniqueArray(exactValue, { minLength: 1, maxLength: 2, selector: named }) }),
  {
    minLength: 1,
    maxLength: 2,
  },
);
const anyRouteFilter = fc
  .tuple(
    fc.constantFrom('f1', 'f2'),
    namespace,
    fc.oneof(
      cookies.map((matches) => ({ matches })),
      fc.constantFrom(200, 503).map((statusCode) => ({ directResponse: { statusCode, body: { inline: 'x' } } })),
    ),
  )
  .map(([name, ns, spec]) => manifest('gateway.envoyproxy.io/v1alpha1', 'HTTPRouteFilter', name, ns, spec));

/** HTTPRoutes more often than the others: they have the most to say. Each manifest is a copy that a test may change. */
export const anyRoute: fc.Arbitrary<Manifest> = fc
  .oneof(
    { weight: 4, arbitrary: route('HTTPRoute', ruleList(fc.oneof(httpRule, redirectRule)), nothing) },
    { weight: 2, arbitrary: route('GRPCRoute', ruleList(grpcRule), nothing) },
    { weight: 1, arbitrary: route('TLSRoute', oneRule, hostnames) },
    { weight: 1, arbitrary: route('TCPRoute', oneRule, nothing) },
    { weight: 2, arbitrary: anyRouteFilter },
  )
  .map((one) => structuredClone(one));
