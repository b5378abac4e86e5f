import t from 'tap';
import { compileService } from '../../../../src/resources/index.ts';
import {
  endpointsOf,
  extension,
  grpcRoute,
  indexOf,
  type Manifest,
  route,
  routeFilter,
  service,
  viewOf,
} from '../world.ts';

/** The rule names of `shop/orders` port 80 in the order in which they are tried. */
function orderOf(...routes: (Manifest & { creationTimestamp?: string })[]): string[] {
  const view = compileService(indexOf(service('orders'), ...routes), endpointsOf(), 'shop/orders');
  const http = view?.ports[0]?.http;
  return http?.entries.map((entry) => http.actions[entry.action]?.rule ?? '?') ?? [];
}

const exact = (value: string): Manifest => ({ path: { type: 'Exact', value } });
const prefix = (value: string): Manifest => ({ path: { type: 'PathPrefix', value } });
const headers = (n: number): Manifest => ({
  headers: Array.from({ length: n }, (_, i) => ({ name: `h${i}`, value: 'x' })),
});
const query = (n: number): Manifest => ({
  queryParams: Array.from({ length: n }, (_, i) => ({ name: `q${i}`, value: 'x' })),
});
const get = { method: 'GET' };

t.test('each rung of precedence beats everything below it', async (t) => {
  const rungs: readonly [string, Manifest, Manifest][] = [
    ['Exact before a longer prefix', exact('/a'), { ...prefix('/a/b/c/d'), ...get, ...headers(9), ...query(9) }],
    ['Exact before everything else', exact('/'), { ...get, ...headers(16), ...query(16) }],
    ['a longer prefix before a method', prefix('/abc'), { ...prefix('/ab'), ...get, ...headers(3), ...query(3) }],
    ['length counts characters, not elements', prefix('/abcdef'), prefix('/a/b')],
    ['any prefix before the prefix /', prefix('/a'), { ...prefix('/'), ...get, ...headers(2) }],
    ['a method before headers', { ...prefix('/a'), ...get }, { ...prefix('/a'), ...headers(5), ...query(5) }],
    ['more headers before query parameters', headers(2), { ...headers(1), ...query(7) }],
    ['more query parameters', query(3), query(2)],
    ['any condition before none', query(1), {}],
  ];
  for (const [name, first, second] of rungs) {
    for (const list of [
      [first, second],
      [second, first],
    ]) {
      const rules = list.map((match) => ({ name: match === first ? 'first' : 'second', matches: [match] }));
      t.same(orderOf(route('r', rules)), ['first', 'second'], name);
      const split = list.map((match, i) =>
        route(`r${i}`, [{ name: match === first ? 'first' : 'second', matches: [match] }]),
      );
      t.same(orderOf(...split), ['first', 'second'], `${name}, across routes`);
    }
  }
});

t.test('ties go to the oldest route, then to namespace/name, then to the order of rules and matches', async (t) => {
  const old = '2025-12-31T23:59:59Z';
  const young = '2026-01-01T00:00:00.000Z';
  const named = (name: string, creationTimestamp: string): Manifest => ({
    ...route(name, [{ name }]),
    creationTimestamp,
  });
  t.same(orderOf(named('a', young), named('b', old)), ['b', 'a'], 'the older first, whatever its name');
  t.same(orderOf(named('b', old), named('a', old)), ['a', 'b'], 'same age: by name');
  t.same(
    orderOf(named('a', '2026-01-01T01:00:00+02:00'), named('b', young)),
    ['a', 'b'],
    'times are compared as times',
  );
  t.same(orderOf(named('a', 'nonsense'), named('b', young)), ['b', 'a'], 'an unreadable time is the youngest');
  t.same(orderOf(route('r', [{ name: 'one' }, { name: 'two' }])), ['one', 'two'], 'same route: by position');
  t.same(
    orderOf(
      route('r', [
        { name: 'one', matches: [get, exact('/x')] },
        { name: 'two', matches: [exact('/y'), get] },
      ]),
    ),
    ['one', 'two', 'one', 'two'],
    'each match stands where it belongs, not where its rule does',
  );
});

t.test('rules without a name are called by their position', async (t) => {
  t.same(orderOf(route('r', [{}, { matches: [exact('/')] }])), ['1', '0']);
});

t.test('the trailing slash of a prefix has no meaning', async (t) => {
  t.same(
    orderOf(
      route('r', [
        { name: 'plain', matches: [{ ...prefix('/ab'), ...get }] },
        { name: 'slash', matches: [prefix('/ab/')] },
      ]),
    ),
    ['plain', 'slash'],
  );
});

const regex = (value: string): Manifest => ({ path: { type: 'RegularExpression', value } });

t.test('regular expressions come after every prefix but /, the longest first', async (t) => {
  const all: Manifest[] = [exact('/a'), prefix('/a'), regex('/a.*b'), regex('/a.*'), { ...prefix('/'), ...get }, {}];
  const names = ['exact', 'prefix', 'long', 'short', 'method', 'rest'];
  for (const order of [
    [0, 1, 2, 3, 4, 5],
    [5, 4, 3, 2, 1, 0],
    [3, 0, 5, 2, 4, 1],
  ]) {
    const rules = order.map((i) => ({ name: names[i], matches: [all[i]] }));
    t.same(orderOf(route('r', rules)), names);
  }
});

t.test('cookies decide last', async (t) => {
  const filter = routeFilter('pilot', { matches: [{ cookies: [{ name: 'pilot', value: 'on' }] }] });
  const rules = [
    { name: 'plain', matches: [prefix('/a')] },
    { name: 'cookie', matches: [prefix('/a')], filters: [extension('pilot')] },
    { name: 'query', matches: [{ ...prefix('/a'), ...query(1) }] },
  ];
  t.same(orderOf(filter, route('r', rules)), ['query', 'cookie', 'plain']);
});

t.test('gRPC: names before expressions, then characters in the service, in the method, then headers', async (t) => {
  const method = (service?: string, name?: string, type = 'Exact'): Manifest => ({
    method: { type, ...(service && { service }), ...(name && { method: name }) },
  });
  const rungs: readonly [string, Manifest, Manifest][] = [
    ['a longer service before a method', method('shop.Orders'), { ...method('shop.Pay', 'Charge'), ...headers(9) }],
    ['a method before none', method('shop.Pay', 'Get'), { ...method('shop.Pay'), ...headers(9) }],
    ['a longer method', method('shop.Pay', 'Charge'), { ...method('shop.Pay', 'Get'), ...headers(9) }],
    ['any service before a method alone', method('a.B'), { ...method(undefined, 'LongMethodName'), ...headers(9) }],
    [
      'a method alone before an expression',
      method(undefined, 'Get'),
      method('shop\\..*', 'Get.*', 'RegularExpression'),
    ],
    ['an expression before headers', method('s.*', undefined, 'RegularExpression'), headers(9)],
    [
      'the longer expression',
      method('shop\\..*', undefined, 'RegularExpression'),
      method('.*', 'Get', 'RegularExpression'),
    ],
    ['more headers', { ...method('a.B'), ...headers(2) }, { ...method('a.B'), ...headers(1) }],
    ['the dot in front of a service is no character', method('a.BC'), method('.a.B', 'Get')],
  ];
  for (const [name, first, second] of rungs) {
    for (const list of [
      [first, second],
      [second, first],
    ]) {
      const rules = list.map((match) => ({ name: match === first ? 'first' : 'second', matches: [match] }));
      t.same(orderOf(grpcRoute('r', rules)), ['first', 'second'], name);
    }
  }
  const young = { ...grpcRoute('a', [{ name: 'young' }]), creationTimestamp: '2026-01-02T00:00:00Z' };
  const old = { ...grpcRoute('b', [{ name: 'old' }]), creationTimestamp: '2026-01-01T00:00:00Z' };
  t.same(orderOf(young, old), ['old', 'young']);
});

t.test('what matches of a GRPCRoute look like to the data plane', async (t) => {
  const rules = [
    { matches: [{ method: { service: 'a.B', method: 'Get' } }] },
    { matches: [{ method: { service: '.a.B' } }] },
    { matches: [{ method: { method: 'Get' } }] },
    { matches: [{ method: { type: 'RegularExpression', service: 'a|b' } }] },
    { matches: [{ headers: [{ name: 'X-A', value: '1.', type: 'RegularExpression' }] }] },
  ];
  const view = viewOf([service('orders'), grpcRoute('r', rules)]);
  const none = { method: null, headers: [], query: [] };
  t.same(view.ports[0]?.http?.entries, [
    { path: { type: 'Exact', value: '/a.B/Get' }, ...none, action: 0 },
    { path: { type: 'PathPrefix', value: '/a.B' }, ...none, action: 1 },
    { path: { type: 'RegularExpression', value: '/[^/]+/(?:Get)' }, ...none, action: 2 },
    { path: { type: 'RegularExpression', value: '/(?:a|b)/[^/]+' }, ...none, action: 3 },
    { ...none, path: null, headers: [{ name: 'x-a', value: '1.', type: 'RegularExpression' }], action: 4 },
  ]);
});
