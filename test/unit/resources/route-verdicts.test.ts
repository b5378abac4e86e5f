import t from 'tap';
import { conditionsOf, type ResourceId } from '../../../src/resources/index.ts';
import {
  extension,
  grpcRoute,
  indexOf,
  type Manifest,
  parent,
  route,
  routeFilter,
  service,
  tcpRoute,
  tlsRoute,
} from './world.ts';

/** `type=status/reason: message` of every condition of `r`. */
function told(manifest: Manifest, ...others: Manifest[]): string[] {
  const id: ResourceId = `${String(manifest['kind'])}.shop.r` as ResourceId;
  return conditionsOf(indexOf(service('orders'), ...others, manifest), id).map(
    ({ type, status, reason, message }) => `${type}=${status}/${reason}: ${message}`,
  );
}

const accepted = 'Accepted=True/Accepted: the route is attached';
const resolved = 'ResolvedRefs=True/ResolvedRefs: every reference resolves';
const gone = { name: 'gone', port: 80 };
const answering = routeFilter('answers', { directResponse: { statusCode: 503 } });

t.test('references of every sort, with what becomes of the traffic', async (t) => {
  const mirror = { type: 'RequestMirror', requestMirror: { backendRef: gone } };
  const unknown = { type: 'ExtensionRef', extensionRef: { group: 'x.example', kind: 'Filter', name: 'a' } };
  const missing = 'the Service shop/gone does not exist';
  const cases: readonly [Manifest, string][] = [
    [
      route('r', [{}, { backendRefs: [gone] }]),
      `BackendNotFound: rules[1].backendRefs[0]: ${missing}; its share is answered 500`,
    ],
    [
      grpcRoute('r', [{ backendRefs: [gone] }]),
      `BackendNotFound: rules[0].backendRefs[0]: ${missing}; its share is answered UNAVAILABLE`,
    ],
    [
      tcpRoute('r', [gone]),
      `BackendNotFound: rules[0].backendRefs[0]: ${missing}; its share of the connections is reset`,
    ],
    [
      tlsRoute('r', ['a.example'], [gone]),
      `BackendNotFound: rules[0].backendRefs[0]: ${missing}; its share of the connections is reset`,
    ],
    [
      route('r', [{ filters: [mirror] }]),
      `BackendNotFound: rules[0].filters[0].requestMirror.backendRef: ${missing}; nothing is mirrored`,
    ],
    [
      route('r', [{ backendRefs: [{ name: 'orders', port: 80, filters: [mirror] }] }]),
      `BackendNotFound: rules[0].backendRefs[0].filters[0].requestMirror.backendRef: ${missing}; nothing is mirrored`,
    ],
    [
      route('r', [{ filters: [extension('gone')] }]),
      'BackendNotFound: rules[0].filters[0].extensionRef: the HTTPRouteFilter shop/gone does not exist; the rule is answered 500',
    ],
    [
      grpcRoute('r', [{ filters: [unknown], backendRefs: [gone] }]),
      'InvalidKind: rules[0].filters[0].extensionRef: filters of kind x.example/Filter are not known; the rule is answered 500 (and 1 more)',
    ],
  ];
  for (const [manifest, expected] of cases) t.same(told(manifest), [accepted, `ResolvedRefs=False/${expected}`]);
});

t.test('filters that cannot stand together: partly invalid, or not accepted when no rule is left', async (t) => {
  const redirect = { type: 'RequestRedirect', requestRedirect: {} };
  const clash = { name: 'both', filters: [redirect, extension('answers')] };
  t.same(told(route('r', [clash, {}]), answering), [
    accepted,
    'PartiallyInvalid=True/UnsupportedValue: Dropped Rule both: a rule cannot redirect and answer at once, so 500 is answered',
    resolved,
  ]);
  t.same(told(route('r', [clash]), answering), [
    'Accepted=False/IncompatibleFilters: rules[0].filters[1]: a rule cannot redirect and answer at once',
    resolved,
  ]);
  t.same(told(grpcRoute('r', [{ filters: [extension('ok')] }]), routeFilter('ok', { directResponse: {} })), [
    'Accepted=False/IncompatibleFilters: rules[0].filters[0]: a gRPC call cannot be answered 200',
    resolved,
  ]);
});

t.test('a kind that loses its port says which kind has it', async (t) => {
  const [first] = told(route('r', [{}]), grpcRoute('g', [{}]));
  t.equal(
    first,
    'Accepted=False/Conflicted: GRPCRoutes are attached to shop/orders, and one port has routes of one kind only (GEP-1294)',
  );
  const ports = [
    { name: 'a', port: 80 },
    { name: 'b', port: 81 },
  ];
  const two = service('orders', { ports });
  const grpc = grpcRoute('g', [{}], { parentRefs: [parent('orders', { port: 81 })] });
  t.equal(told(route('r', [{}]), two, grpc)[0], accepted, 'unless another port is left');
});

t.test('every one of several TCPRoutes is accepted, though one carries', async (t) => {
  const to = [{ name: 'orders', port: 80 }];
  t.same(told(tcpRoute('r', to), tcpRoute('older', to)), [accepted, resolved]);
});

t.test('names of TLSRoutes beyond what one port carries', async (t) => {
  const to = [{ name: 'orders', port: 80 }];
  const names = (of: string): string[] => Array.from({ length: 1024 }, (_, i) => `${of}${i}.example`);
  const older = [tlsRoute('a', names('a'), to), tlsRoute('b', names('b'), to)];
  t.match(told(tlsRoute('r', ['c.example'], to), ...older)[0], /^Accepted=False\/UnsupportedValue: older routes/);
  t.equal(told(tlsRoute('r', ['c.example'], to), ...older.slice(1))[0], accepted);
});

t.test('consumer routes are accepted by the Services of others', async (t) => {
  const pay = service('pay', {}, { namespace: 'pay' });
  const refs = { parentRefs: [parent('pay', { namespace: 'pay' })] };
  t.same(told(route('r', [{}], refs), pay), [accepted, resolved]);
  t.match(told(tcpRoute('r', [{ name: 'orders', port: 80 }], refs), pay)[0], /UnsupportedValue: a TCPRoute must be in/);
});

t.test('a filter says that it is there', async (t) => {
  const index = indexOf(answering);
  t.match(conditionsOf(index, 'HTTPRouteFilter.shop.answers'), [{ type: 'Accepted', status: 'True', parent: null }]);
});
