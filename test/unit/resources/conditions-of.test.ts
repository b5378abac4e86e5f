import t from 'tap';
import { conditionsOf, type ResourceId, type ResourceIndex } from '../../../src/resources/index.ts';
import { indexOf, parent, policy, route, service, workload } from './world.ts';

/** `parent type=status/reason` of every condition. */
function told(index: ResourceIndex, id: ResourceId): string[] {
  return conditionsOf(index, id).map((c) => `${c.parent ?? '-'} ${c.type}=${c.status}/${c.reason}`);
}

const toV1 = [{ backendRefs: [{ name: 'v1', port: 80 }] }];

t.test('a route in force', async (t) => {
  const index = indexOf(service('orders'), service('v1'), route('r', toV1));
  t.same(told(index, 'HTTPRoute.shop.r'), [
    'shop/orders Accepted=True/Accepted',
    'shop/orders ResolvedRefs=True/ResolvedRefs',
  ]);
  t.equal(conditionsOf(index, 'HTTPRoute.shop.r')[0]?.observedGeneration, 1);
  t.same(told(index, 'HTTPRoute.shop.unknown'), []);
});

t.test('a route whose parent will not have it says why', async (t) => {
  const services = [
    service('orders', { ports: [{ name: 'http', port: 80 }] }),
    service('db', { ports: [{ port: 5432, appProtocol: 'tcp' }] }),
  ];
  const cases: readonly [string, Record<string, unknown>, string, RegExp][] = [
    ['no such Service', parent('gone'), 'shop/gone Accepted=False/NoMatchingParent', /shop\/gone does not exist/],
    ['no such port', parent('orders', { port: 81 }), 'shop/orders:81 Accepted=False/NoMatchingParent', /no such port/],
    [
      'no such port name',
      parent('orders', { sectionName: 'grpc' }),
      'shop/orders port grpc Accepted=False/NoMatchingParent',
      /no such port/,
    ],
    ['not HTTP', parent('db'), 'shop/db Accepted=False/NoMatchingParent', /declared tcp, which is not HTTP/],
  ];
  for (const [name, parentRef, expected, words] of cases) {
    const index = indexOf(...services, route('r', [{}], { parentRefs: [parentRef] }));
    t.equal(told(index, 'HTTPRoute.shop.r')[0], expected, name);
    t.match(conditionsOf(index, 'HTTPRoute.shop.r')[0]?.message, words, name);
  }
});

t.test('each parent is judged by itself', async (t) => {
  const index = indexOf(service('orders'), route('r', [{}], { parentRefs: [parent('orders'), parent('gone')] }));
  t.same(told(index, 'HTTPRoute.shop.r'), [
    'shop/orders Accepted=True/Accepted',
    'shop/orders ResolvedRefs=True/ResolvedRefs',
    'shop/gone Accepted=False/NoMatchingParent',
    'shop/gone ResolvedRefs=True/ResolvedRefs',
  ]);
});

t.test('references that do not resolve leave the route accepted', async (t) => {
  const db = service('db', { ports: [{ port: 5432, appProtocol: 'tcp' }] });
  const cases: readonly [Record<string, unknown>, string, RegExp][] = [
    [
      { name: 'gone', port: 80 },
      'BackendNotFound',
      /rules\[0\]\.backendRefs\[0\]: the Service shop\/gone does not exist; its share is answered 500/,
    ],
    [{ name: 'orders', port: 99 }, 'BackendNotFound', /has no port 99/],
    [{ name: 'x', kind: 'Deployment', group: 'apps' }, 'InvalidKind', /kind apps\/Deployment/],
    [{ name: 'db', port: 5432 }, 'UnsupportedProtocol', /declared tcp/],
  ];
  for (const [ref, reason, words] of cases) {
    const index = indexOf(service('orders'), db, route('r', [{ backendRefs: [ref] }]));
    t.same(told(index, 'HTTPRoute.shop.r'), [
      'shop/orders Accepted=True/Accepted',
      `shop/orders ResolvedRefs=False/${reason}`,
    ]);
    t.match(conditionsOf(index, 'HTTPRoute.shop.r')[1]?.message, words);
  }
});

t.test('dropped rules make a route partially invalid, or not accepted when none is left', async (t) => {
  const matches = (n: number, of: string): unknown[] =>
    Array.from({ length: n }, (_, i) => ({ path: { value: `/${of}/${i}` } }));
  const big = Array.from({ length: 15 }, (_, i) =>
    route(`big${i}`, [{ matches: matches(64, 'a') }, { matches: matches(64, 'b') }]),
  );
  const index = indexOf(
    service('orders'),
    ...big,
    route('half', [
      { name: 'kept', matches: matches(64, 'c') },
      { name: 'lost', matches: matches(64, 'd') },
    ]),
    route('fills', [{ matches: matches(64, 'e') }]),
    route('late', [{}]),
  );
  t.same(
    told(index, 'HTTPRoute.shop.half').slice(0, 1),
    ['shop/orders Accepted=True/Accepted'],
    'exactly full: nothing is dropped',
  );
  const crowded = indexOf(
    service('orders'),
    ...big,
    route('before', [{}]),
    route('half', [
      { name: 'kept', matches: matches(64, 'c') },
      { name: 'lost', matches: matches(64, 'd') },
    ]),
    route('late', [{}]),
  );
  t.same(told(crowded, 'HTTPRoute.shop.half'), [
    'shop/orders Accepted=True/Accepted',
    'shop/orders PartiallyInvalid=True/UnsupportedValue',
    'shop/orders ResolvedRefs=True/ResolvedRefs',
  ]);
  t.match(conditionsOf(crowded, 'HTTPRoute.shop.half')[1]?.message, /^Dropped Rule lost: /);
  t.equal(told(crowded, 'HTTPRoute.shop.late')[0], 'shop/orders Accepted=False/UnsupportedValue');
});

t.test('policies: one verdict per target', async (t) => {
  const index = indexOf(
    service('orders'),
    policy('old', 'orders', 'RoundRobin'),
    policy('young', 'orders', 'RoundRobin'),
    policy('lost', 'gone', 'RoundRobin'),
  );
  t.same(told(index, 'BackendTrafficPolicy.shop.old'), ['shop/orders Accepted=True/Accepted']);
  t.same(told(index, 'BackendTrafficPolicy.shop.young'), ['shop/orders Accepted=False/Conflicted']);
  t.same(told(index, 'BackendTrafficPolicy.shop.lost'), ['shop/gone Accepted=False/TargetNotFound']);
});

t.test('Services and workload entries', async (t) => {
  const index = indexOf(
    service('a', { clusterIPs: ['240.240.0.1'] }),
    service('b', { clusterIPs: ['240.240.0.1'] }),
    workload('w'),
  );
  t.same(told(index, 'Service.shop.a'), ['- Accepted=True/Accepted']);
  t.same(told(index, 'Service.shop.b'), ['- Accepted=False/Conflicted']);
  t.same(told(index, 'WorkloadEntry.shop.w'), ['- Accepted=True/Accepted']);
});
