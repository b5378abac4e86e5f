import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { type Manifest, parent, routeTarget, specOf, trafficPolicy } from '../world.ts';

const SECOND = { requests: 5, unit: 'Second' };

function limits(rateLimit: Manifest, targets: unknown[] = [parent('orders')]): Manifest {
  return trafficPolicy('p', targets, { rateLimit });
}

function local(rule: Manifest): Manifest {
  return limits({ local: { rules: [{ limit: SECOND, ...rule }] } });
}

function global(rule: Manifest): Manifest {
  return limits({ global: { rules: [{ limit: SECOND, ...rule }] } });
}

t.test('defaults, and a decoded limit decodes to itself', async (t) => {
  const decoded = (manifest: Manifest) => (specOf(manifest) as { rateLimit: unknown }).rateLimit;
  t.same(decoded(local({})), {
    local: { rules: [{ clientSelectors: [], limit: SECOND, overrides: [], shadowMode: false }] },
  });
  t.same(decoded(global({})), {
    global: { rules: [{ clientSelectors: [], limit: SECOND, overrides: [], shadowMode: false, onOutage: 'share' }] },
  });
  const rich = global({
    clientSelectors: [
      {
        headers: [
          { name: 'X-User', type: 'Distinct' },
          { name: 'x-tier', value: 'free' },
        ],
        path: { value: '/api' },
        methods: [{ value: 'POST' }],
        sourceCIDR: { type: 'Distinct', value: '10.1.2.3/8' },
      },
      { caller: { header: 'x-caller' } },
    ],
    limit: { requests: 1000, window: '10s' },
    overrides: [{ callers: ['shop/web', 'td/ns/batch/*'], limit: { requests: 0, unit: 'Day' } }],
    onOutage: 'deny',
    shadowMode: true,
  });
  const once = decoded(rich);
  t.match(once, {
    global: {
      rules: [
        {
          clientSelectors: [
            {
              headers: [
                { type: 'Distinct', name: 'X-User' },
                { type: 'Exact', name: 'x-tier', value: 'free' },
              ],
              path: { type: 'PathPrefix', value: '/api' },
              sourceCIDR: { type: 'Distinct', value: '10.0.0.0/8' },
            },
            { caller: { type: 'Distinct', header: 'x-caller' } },
          ],
        },
      ],
    },
  });
  t.same(decoded(limits(once as Manifest)), once);
  t.same(problemsOf(limits({ type: 'Local', local: { rules: [{ limit: SECOND }] } })), [], "Envoy Gateway's type");
});

t.test('every class of refused limit', async (t) => {
  const rule = 'spec.rateLimit.local.rules[0]';
  const of = (selector: Manifest): Manifest => local({ clientSelectors: [selector] });
  const cases: readonly [Manifest, string, RegExp][] = [
    [limits({}), 'spec.rateLimit', /local, global or both/],
    [limits({ local: { rules: [] } }), 'spec.rateLimit.local.rules', /at least 1/],
    [limits({ local: { rules: [{}] } }), `${rule}.limit`, /required/],
    [local({ limit: { requests: 1 } }), `${rule}.limit.unit`, /exactly one/],
    [local({ limit: { requests: 1, unit: 'Second', window: '1s' } }), `${rule}.limit.unit`, /exactly one/],
    [local({ limit: { requests: 1, unit: 'Month' } }), `${rule}.limit.unit`, /Second, Minute, Hour or Day/],
    [local({ limit: { requests: -1, unit: 'Second' } }), `${rule}.limit.requests`, /at least 0/],
    [local({ limit: { requests: 1, window: '25h' } }), `${rule}.limit.window`, /from 1s to 24h/],
    [local({ onOutage: 'allow' }), `${rule}.onOutage`, /global/],
    [global({ onOutage: 'open' }), 'spec.rateLimit.global.rules[0].onOutage', /one of "allow", "deny", "share"/],
    [local({ cost: {} }), `${rule}.cost`, /costs one/],
    [local({ limits: {} }), `${rule}.limits`, /did you mean "limit"/],
    [of({ headers: [{ name: 'a' }] }), `${rule}.clientSelectors[0].headers[0].value`, /required/],
    [
      of({ headers: [{ name: 'a', type: 'Distinct', value: 'b' }] }),
      `${rule}.clientSelectors[0].headers[0].value`,
      /go/,
    ],
    [of({ headers: [{ name: 'a', value: 'b\n' }] }), `${rule}.clientSelectors[0].headers[0].value`, /ASCII/],
    [
      of({
        headers: [
          { name: 'a', type: 'Distinct' },
          { name: 'A', value: 'b' },
        ],
      }),
      `${rule}.clientSelectors[0].headers[1].name`,
      /already/,
    ],
    [
      of({ headers: [{ name: 'a', type: 'RegularExpression', value: '(' }] }),
      `${rule}.clientSelectors[0].headers[0].value`,
      /regular expression/,
    ],
    [of({ headers: [{ name: 'a', value: 'b', invert: true }] }), `${rule}.clientSelectors[0].headers[0].invert`, /inv/],
    [of({ path: { type: 'Exact', value: 'x' } }), `${rule}.clientSelectors[0].path.value`, /begin with/],
    [of({ sourceCIDR: { value: '10.0.0.0' + '/40' } }), `${rule}.clientSelectors[0].sourceCIDR.value`, /range/],
    [of({ caller: { type: 'Exact' } }), `${rule}.clientSelectors[0].caller.values`, /required/],
    [of({ caller: { values: ['a'] } }), `${rule}.clientSelectors[0].caller.values`, /does not go/],
    [of({ caller: { type: 'Exact', values: ['a*b'] } }), `${rule}.clientSelectors[0].caller.values[0]`, /"\*" at one/],
    [
      local({ clientSelectors: [{ caller: {} }, { caller: {} }] }),
      `${rule}.clientSelectors[1].caller`,
      /clientSelectors\[0\] has one already/,
    ],
    [local({ overrides: [{ callers: ['a'], limit: SECOND }] }), `${rule}.overrides`, /needs a selector caller/],
    [
      limits({ global: { rules: [{ limit: SECOND }] } }, [routeTarget('r')]),
      'spec.rateLimit.global',
      /targets that are Services/,
    ],
    [
      limits({ local: { rules: [{ limit: SECOND, clientSelectors: [{ caller: {} }] }] } }, [routeTarget('r')]),
      `${rule}.clientSelectors[0].caller`,
      /targets that are Services/,
    ],
    [
      limits({ local: { rules: [{ limit: SECOND }] } }, [
        { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'vendor' },
      ]),
      'spec.rateLimit',
      /no agent to count/,
    ],
  ];
  for (const [manifest, path, words] of cases) refuses(t, manifest, path, words);
});
