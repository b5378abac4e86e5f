import t from 'tap';
import { limitRuleSchema } from '../../../../src/contract/limit-schema.ts';
import { compileHost } from '../../../../src/resources/compile/compile-host.ts';
import { compileLimits } from '../../../../src/resources/compile/compile-limits.ts';
import type { BackendTrafficPolicySpec } from '../../../../src/resources/policy-types.ts';
import { indexOf, type Manifest, parent, service, specOf, trafficPolicy } from '../world.ts';

const OWNER = { policy: 'shop/p', service: 'shop/orders', hosts: 4 };

function compiled(rateLimit: Manifest) {
  const spec = specOf(trafficPolicy('p', [parent('orders')], { rateLimit })) as BackendTrafficPolicySpec;
  const rules = compileLimits(spec.rateLimit, OWNER);
  for (const rule of rules) t.same(limitRuleSchema.parse(rule), rule, 'the schema of the view takes it as it is');
  return rules;
}

t.test('what says nothing is left out; units become windows', async (t) => {
  t.same(compileLimits(undefined, OWNER), []);
  const plain = (limit: Manifest) => compiled({ local: { rules: [{ limit }] } })[0];
  t.same(plain({ requests: 5, unit: 'Second' }), {
    id: 'shop/p/local/0@shop/orders',
    service: 'shop/orders',
    scope: 'local',
    by: [],
    limit: { requests: 5, windowMs: 1_000 },
  });
  t.same(plain({ requests: 5, unit: 'Minute' })?.limit, { requests: 5, windowMs: 60_000 });
  t.same(plain({ requests: 5, unit: 'Hour' })?.limit, { requests: 5, windowMs: 3_600_000, calendar: true });
  t.same(plain({ requests: 5, unit: 'Day' })?.limit, { requests: 5, windowMs: 86_400_000, calendar: true });
  t.same(plain({ requests: 5, window: '10s' })?.limit, { requests: 5, windowMs: 10_000 });
});

t.test('everything that a rule can say', async (t) => {
  const selectors = [
    {
      headers: [
        { name: 'X-User', type: 'Distinct' },
        { name: 'X-Tier', value: 'free' },
        { name: 'X-Kind', type: 'RegularExpression', value: 'a|b' },
      ],
      path: { type: 'Exact', value: '/api' },
      methods: [{ value: 'GET' }, { value: 'POST' }],
    },
    { sourceCIDR: { type: 'Distinct', value: '10.0.0.0/8' }, caller: { header: 'X-Caller' } },
  ];
  const [rule] = compiled({
    global: {
      rules: [
        {
          clientSelectors: selectors,
          limit: { requests: 1, unit: 'Second' },
          overrides: [{ callers: ['shop/web'], limit: { requests: 9, window: '2s' } }],
          shadowMode: true,
        },
      ],
    },
  });
  const entry = {
    path: { type: 'Exact', value: '/api' },
    headers: [
      { name: 'x-tier', value: 'free' },
      { name: 'x-kind', value: 'a|b', type: 'RegularExpression' },
    ],
    query: [],
    action: 0,
  };
  t.same(rule, {
    id: 'shop/p/global/0@shop/orders',
    service: 'shop/orders',
    scope: 'global',
    match: [
      { ...entry, method: 'GET' },
      { ...entry, method: 'POST' },
    ],
    sources: '10.0.0.0/8',
    by: [{ type: 'header', name: 'x-user' }, { type: 'caller' }, { type: 'address' }],
    limit: { requests: 1, windowMs: 1_000 },
    overrides: [{ callers: ['shop/web'], limit: { requests: 9, windowMs: 2_000 } }],
    shadow: true,
    callerHeader: 'x-caller',
    onOutage: 'share',
    hosts: 4,
  });
  const [exact] = compiled({
    local: {
      rules: [
        { clientSelectors: [{ caller: { type: 'Exact', values: ['a*'] } }], limit: { requests: 1, unit: 'Day' } },
      ],
    },
  });
  t.match(exact, { callers: ['a*'], by: [] });
  const [everywhere] = compiled({
    local: {
      rules: [{ clientSelectors: [{ sourceCIDR: { value: '0.0.0.0/0' } }], limit: { requests: 1, unit: 'Day' } }],
    },
  });
  t.notOk(everywhere !== undefined && 'sources' in everywhere, 'every address is no condition');
});

t.test(
  'the view of a host has the limits of the Services that pick its workloads, by the port of the program',
  async (t) => {
    const limited = { global: { rules: [{ limit: { requests: 7, unit: 'Second' } }] } };
    const index = indexOf(
      service('orders'),
      service('orders-too', { selector: { app: 'orders' }, ports: [{ name: 'http', port: 81, targetPort: 8080 }] }),
      service('unlimited', { selector: { app: 'orders' }, ports: [{ name: 'admin', port: 82, targetPort: 9090 }] }),
      trafficPolicy('p', [parent('orders'), parent('orders-too')], { rateLimit: limited }),
    );
    const endpoint = {
      host: 'h',
      namespace: 'shop',
      name: 'o1',
      address: '10.0.0.1',
      ports: {},
      weight: 1,
      healthy: true,
    };
    const view = compileHost(index, [{ ...endpoint, labels: { app: 'orders' } }], ({ metadata }) =>
      metadata.name === 'orders' ? 3 : 2,
    );
    t.same(
      view.workloads.map(({ limits }) =>
        limits?.map(({ port, rules }) => [port, rules.map(({ service, hosts }) => [service, hosts])]),
      ),
      [
        [
          [
            8080,
            [
              ['shop/orders', 3],
              ['shop/orders-too', 2],
            ],
          ],
        ],
      ],
    );
    t.same(compileHost(index, [{ ...endpoint, labels: { app: 'web' } }]).workloads, [], 'nobody limits it');
  },
);
