import t from 'tap';
import type { HttpRoutingView } from '../../../../src/contract/route-views.ts';
import { grpcRoute, type Manifest, parent, route, service, tcpRoute, viewOf } from '../world.ts';

/** The shares of the first action: `cluster*weight`. */
function sharesOf(backendRefs: unknown[], ...more: Manifest[]): string[] | undefined {
  const view = viewOf([service('orders'), service('v1'), service('v2'), route('r', [{ backendRefs }]), ...more]);
  for (const { cluster } of view.ports[0]?.http?.actions[0]?.backends ?? []) {
    if (cluster !== null) t.ok(view.clusters[cluster], 'every cluster that an action names is in the view');
  }
  return view.ports[0]?.http?.actions[0]?.backends.map((b) => `${b.cluster}*${b.weight}`);
}

t.test('shares of traffic', async (t) => {
  const v1 = { name: 'v1', port: 80 };
  const v2 = { name: 'v2', port: 80 };
  t.same(
    sharesOf([
      { ...v1, weight: 90 },
      { ...v2, weight: 10 },
    ]),
    ['shop/v1:80*90', 'shop/v2:80*10'],
  );
  t.same(sharesOf([v1, v2]), ['shop/v1:80*1', 'shop/v2:80*1'], 'weight 1 unless given');
  t.same(sharesOf([v1, { ...v2, weight: 0 }]), ['shop/v1:80*1'], 'weight 0 gets no traffic');
  t.same(
    sharesOf([
      { ...v1, weight: 9 },
      { name: 'gone', port: 80 },
    ]),
    ['shop/v1:80*9', 'null*1'],
    'a missing Service keeps its share',
  );
  t.same(sharesOf([v1, { name: 'gone', port: 80, weight: 0 }]), ['shop/v1:80*1'], 'unless its weight is 0');
  t.same(sharesOf([{ name: 'v1', port: 81 }]), ['null*1'], 'a port that the Service has not');
  t.same(sharesOf([{ ...v1, kind: 'Deployment', group: 'apps' }]), ['null*1'], 'a kind that cannot be a backend');
  t.same(sharesOf([]), ['shop/orders:80*1'], 'no backendRefs: the parent itself');
  t.same(
    sharesOf([
      { ...v1, weight: 0 },
      { ...v2, weight: 0 },
    ]),
    ['null*1'],
    'all weights 0: nothing is sent anywhere',
  );
  t.same(
    sharesOf([{ name: 'db', port: 80 }], service('db', { ports: [{ port: 80, appProtocol: 'tcp' }] })),
    ['null*1'],
    'not HTTP',
  );
  t.same(
    sharesOf([{ name: 'ledger', namespace: 'pay', port: 80 }], service('ledger', {}, { namespace: 'pay' })),
    ['pay/ledger:80*1'],
    'another namespace needs no grant',
  );
});

t.test('omitted backendRefs lead to the port that the request came for', async (t) => {
  const view = viewOf([
    service('orders', {
      ports: [
        { name: 'b', port: 81 },
        { name: 'a', port: 80 },
      ],
    }),
    route('r', [{}]),
  ]);
  t.same(
    view.ports.map(({ http }) => http?.actions[0]?.backends[0]?.cluster),
    ['shop/orders:80', 'shop/orders:81'],
  );
});

t.test('timeouts and header edits are carried as given', async (t) => {
  const filters = [
    {
      type: 'RequestHeaderModifier',
      requestHeaderModifier: {
        set: [{ name: 'X-A', value: '1' }],
        add: [{ name: 'X-B', value: '2' }],
        remove: ['X-C'],
      },
    },
  ];
  const action = (rule: Manifest): unknown =>
    viewOf([service('orders'), route('r', [rule])]).ports[0]?.http?.actions[0];
  const edits = { set: [{ name: 'X-A', value: '1' }], add: [{ name: 'X-B', value: '2' }], remove: ['x-c'] };
  t.match(action({ filters, timeouts: { request: '1m30s' } }), {
    route: 'shop/r',
    rule: '0',
    requestHeaders: edits,
    requestTimeoutMs: 90_000,
  });
  t.match(action({ backendRefs: [{ name: 'orders', port: 80, filters }] }), {
    requestHeaders: null,
    requestTimeoutMs: null,
    backends: [{ requestHeaders: edits }],
  });
  t.match(action({ timeouts: { request: '0s' } }), { requestTimeoutMs: 0 }, '0s disables');
  t.match(action({ filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: {} }] }), {
    requestHeaders: null,
  });
});

t.test('matches: header names in lower case, the prefix / matches everything', async (t) => {
  const view = viewOf([
    service('orders'),
    route('r', [
      {
        matches: [
          {
            headers: [
              { name: 'X-B', value: 'V' },
              { name: 'X-A', value: 'W' },
            ],
            queryParams: [{ name: 'Q', value: 'x' }],
          },
        ],
      },
    ]),
  ]);
  t.same(view.ports[0]?.http?.entries, [
    {
      path: null,
      method: null,
      headers: [
        { name: 'x-a', value: 'W' },
        { name: 'x-b', value: 'V' },
      ],
      query: [{ name: 'Q', value: 'x' }],
      action: 0,
    },
  ]);
});

t.test(
  'consumer routes: for the programs of their own namespace, beside the producer routes and never with them',
  async (t) => {
    const refs = { parentRefs: [parent('orders', { namespace: 'shop' })] };
    const consumer = (ns: string, name: string, rule: string): Manifest =>
      route(name, [{ name: rule, backendRefs: [{ name: 'v1', port: 80 }] }], refs, { namespace: ns });
    const v1 = service('v1', {}, { namespace: 'pay' });
    const view = viewOf([
      service('orders'),
      v1,
      route('own', [{ name: 'own' }]),
      consumer('pay', 'b', 'second'),
      consumer('web', 'c', 'other'),
    ]);
    const rules = (routing: HttpRoutingView | null | undefined): string[] | undefined =>
      routing?.actions.map(({ rule, backends }) => `${rule} ${backends[0]?.cluster}`);
    const [port] = view.ports;
    t.same(rules(port?.http), ['own shop/orders:80']);
    t.same(
      Object.entries(port?.consumers ?? {}).map(([ns, routing]) => [ns, rules(routing)]),
      [
        ['pay', ['second pay/v1:80']],
        ['web', ['other null']],
      ],
      'backendRefs without a namespace are in that of the route',
    );
    t.ok(view.clusters['pay/v1:80']);
    const alone = viewOf([service('orders'), v1, consumer('pay', 'b', 'second')]).ports[0];
    t.equal(alone?.http, null, 'without producer routes the traffic of all others just flows');
  },
);

t.test('of several kinds on a port the most particular one applies, in each namespace by itself', async (t) => {
  const refs = { parentRefs: [parent('orders', { namespace: 'shop' })] };
  const view = viewOf([
    service('orders'),
    route('h', [{ name: 'h' }]),
    grpcRoute('g', [{ name: 'g' }]),
    tcpRoute('t', [{ name: 'orders', port: 80 }]),
    route('c', [{ name: 'c' }], refs, { namespace: 'pay' }),
  ]);
  t.same(
    view.ports[0]?.http?.actions.map(({ rule }) => rule),
    ['g'],
  );
  t.same(
    view.ports[0]?.consumers?.['pay']?.actions.map(({ rule }) => rule),
    ['c'],
  );
  t.notOk(Object.hasOwn(view.ports[0] ?? {}, 'tcp'));
});

t.test('regular expressions say so, everything else is as it was', async (t) => {
  const match = {
    path: { type: 'RegularExpression', value: '/a.*' },
    headers: [{ type: 'RegularExpression', name: 'X-A', value: 'b+' }],
    queryParams: [
      { name: 'q', value: '1' },
      { type: 'RegularExpression', name: 'p', value: '2?' },
    ],
  };
  t.same(viewOf([service('orders'), route('r', [{ matches: [match] }])]).ports[0]?.http?.entries, [
    {
      path: { type: 'RegularExpression', value: '/a.*' },
      method: null,
      headers: [{ name: 'x-a', value: 'b+', type: 'RegularExpression' }],
      query: [
        { name: 'p', value: '2?', type: 'RegularExpression' },
        { name: 'q', value: '1' },
      ],
      action: 0,
    },
  ]);
});
