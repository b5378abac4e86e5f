import t from 'tap';
import type { RouteActionView, RouteEntryView } from '../../../../src/contract/route-views.ts';
import { extension, grpcRoute, type Manifest, route, routeFilter, service, viewOf } from '../world.ts';

type Routed = { readonly entries: readonly RouteEntryView[]; readonly actions: readonly RouteActionView[] };

function routed(...manifests: Manifest[]): Routed {
  return viewOf([service('orders'), ...manifests]).ports[0]?.http ?? { entries: [], actions: [] };
}

const maintenance = routeFilter('maintenance', {
  directResponse: {
    statusCode: 503,
    contentType: 'text/plain',
    body: { type: 'Inline', inline: 'back soon' },
    header: { set: [{ name: 'Retry-After', value: '60' }] },
  },
});
const pilots = routeFilter('pilots', {
  matches: [
    { cookies: [{ name: 'pilot', value: 'on' }] },
    {
      cookies: [
        { name: 'team', value: 't.*', type: 'RegularExpression' },
        { name: 'ring', value: '2' },
      ],
    },
  ],
});

t.test('an answer of the proxy itself takes the place of the backends', async (t) => {
  const rule = { filters: [extension('maintenance')], backendRefs: [{ name: 'orders', port: 80 }] };
  t.match(routed(maintenance, route('r', [rule])).actions[0], {
    backends: [],
    answer: {
      type: 'direct',
      status: 503,
      contentType: 'text/plain',
      body: 'back soon',
      headers: [{ name: 'Retry-After', value: '60' }],
    },
  });
  const bare = routeFilter('maintenance', { directResponse: {} });
  t.match(routed(bare, route('r', [rule])).actions[0]?.answer, { type: 'direct', status: 200, body: '' });
});

t.test('cookies are alternatives, each with every match of the rule', async (t) => {
  const matches = [{ path: { value: '/a' } }, { path: { value: '/b' } }];
  const { entries } = routed(pilots, route('r', [{ matches, filters: [extension('pilots')] }]));
  const both = [
    { name: 'ring', value: '2' },
    { name: 'team', value: 't.*', type: 'RegularExpression' },
  ];
  t.same(
    entries.map(({ path, cookies }) => [path?.value, cookies]),
    [
      ['/a', both],
      ['/b', both],
      ['/a', [{ name: 'pilot', value: 'on' }]],
      ['/b', [{ name: 'pilot', value: 'on' }]],
    ],
  );
  const second = routeFilter('ring', { matches: [{ cookies: [{ name: 'r', value: '1' }] }] });
  const rule = { filters: [extension('pilots'), extension('ring')] };
  t.same(
    routed(pilots, second, route('r', [rule])).entries.map(({ cookies }) => cookies?.map(({ name }) => name)),
    [
      ['r', 'ring', 'team'],
      ['pilot', 'r'],
    ],
    'of two filters both must match',
  );
});

t.test('what cannot be resolved or kept is answered 500, never skipped', async (t) => {
  const other = { type: 'ExtensionRef', extensionRef: { group: 'x.example', kind: 'Filter', name: 'maintenance' } };
  const redirect = { type: 'RequestRedirect', requestRedirect: {} };
  const cases: readonly [Manifest, RegExp][] = [
    [route('r', [{ filters: [extension('gone')] }]), /HTTPRouteFilter shop\/gone does not exist/],
    [route('r', [{ filters: [other] }]), /kind x\.example\/Filter are not known/],
    [route('r', [{ filters: [redirect, extension('maintenance')] }]), /cannot redirect and answer/],
    [route('r', [{ filters: [extension('maintenance'), extension('maintenance')] }]), /answers already/],
    [grpcRoute('r', [{ filters: [extension('fine')] }]), /gRPC call cannot be answered 200/],
    [grpcRoute('r', [{ filters: [extension('gone')] }]), /shop\/gone does not exist/],
  ];
  const fine = routeFilter('fine', { directResponse: {} });
  const elsewhere = routeFilter('gone', { directResponse: {} }, { namespace: 'pay' });
  for (const [manifest, words] of cases) {
    const [action] = routed(maintenance, fine, elsewhere, manifest).actions;
    t.match(action, { backends: [], answer: { type: 'direct', status: 500, body: words } });
  }
  const grpc = grpcRoute('r', [{ filters: [extension('maintenance')] }]);
  t.match(routed(maintenance, grpc).actions[0]?.answer, { status: 503 }, 'a failure can be said to gRPC');
});
