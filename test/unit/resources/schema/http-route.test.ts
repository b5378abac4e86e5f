import t from 'tap';
import { many, problemsOf, refuses } from '../refuses.ts';
import { type Manifest, parent, route } from '../world.ts';

t.test('HTTPRoute: every class of refused parent, rule, match and backend', async (t) => {
  const specs: readonly [Manifest, string, RegExp][] = [
    [{ parentRefs: undefined }, 'spec.parentRefs', /required/],
    [{ parentRefs: [] }, 'spec.parentRefs', /at least 1/],
    [{ parentRefs: [{ name: 'gw' }] }, 'spec.parentRefs[0].kind', /attaches to a Service/],
    [
      { parentRefs: [parent('a', { port: 80 }), parent('a', { port: 80 })] },
      'spec.parentRefs[1]',
      /repeats parentRefs\[0\]/,
    ],
    [{ parentRefs: [parent('a'), parent('a', { port: 80 })] }, 'spec.parentRefs[0]', /name a port/],
    [{ parentRefs: [parent('a', { kind: 'Gateway' })] }, 'spec.parentRefs[0].kind', /attaches to a Service/],
    [{ parentRefs: many(33, (i) => parent(`s${i}`)) }, 'spec.parentRefs', /at most 32/],
    [{ rules: [] }, 'spec.rules', /at least 1/],
    [{ rules: many(17, () => ({})) }, 'spec.rules', /at most 16/],
    [
      { rules: many(3, () => ({ matches: many(64, (i) => ({ path: { value: `/${i}` } })) })) },
      'spec.rules',
      /at most 128 matches/,
    ],
    [{ rules: [{ name: 'a' }, { name: 'a' }] }, 'spec.rules[1].name', /rules\[0\] has this name/],
    [{ useDefaultGateways: 'All' }, 'spec.useDefaultGateways', /not supported/],
  ];
  for (const [spec, path, words] of specs) refuses(t, route('r', [{}], spec), path, words);
  const rules: readonly [Manifest, string, RegExp][] = [
    [{ name: 'A B' }, 'name', /lower-case/],
    [{ retry: { attempts: 0 } }, 'retry.attempts', /at least 1/],
    [{ retry: { attempts: 101 } }, 'retry.attempts', /at most 100/],
    [{ retry: { codes: [399] } }, 'retry.codes[0]', /at least 400/],
    [{ retry: { codes: [600] } }, 'retry.codes[0]', /at most 599/],
    [{ retry: { codes: [503, 500, 503] } }, 'retry.codes[2]', /repeats entry 0/],
    [{ retry: { backoff: '1' } }, 'retry.backoff', /must be a duration/],
    [{ retry: { conditions: [] } }, 'retry.conditions', /unknown field/],
    [{ sessionPersistence: { type: 'Header' } }, 'sessionPersistence.header.name', /required/],
    [{ sessionPersistence: { idleTimeout: '1s' } }, 'sessionPersistence.idleTimeout', /not supported/],
    [
      { timeouts: { request: '1s', backendRequest: '1001ms' } },
      'timeouts.backendRequest',
      /not be longer than timeouts.request/,
    ],
    [{ timeouts: { request: '1.5s' } }, 'timeouts.request', /must be a duration/],
    [{ timeouts: { request: 5 } }, 'timeouts.request', /must be a string/],
    [{ timeouts: { idle: '1s' } }, 'timeouts.idle', /unknown field/],
    [{ backendRefs: many(17, (i) => ({ name: `b${i}`, port: 80 })) }, 'backendRefs', /at most 16/],
    [{ backendRefs: [{ name: 'b' }] }, 'backendRefs[0].port', /required for a Service/],
    [{ backendRefs: [{ name: 'b', port: 80, weight: -1 }] }, 'backendRefs[0].weight', /at least 0/],
    [{ backendRefs: [{ name: 'b', port: 80, weight: 1000001 }] }, 'backendRefs[0].weight', /at most 1000000/],
    [{ backendRefs: [{ name: 'b', port: 80, weight: 0.5 }] }, 'backendRefs[0].weight', /whole number/],
    [{ backendRef: [] }, 'backendRef', /did you mean "backendRefs"/],
    [{ matches: many(65, () => ({})) }, 'matches', /at most 64/],
  ];
  for (const [rule, path, words] of rules) refuses(t, route('r', [rule]), `spec.rules[0].${path}`, words);
});

t.test('HTTPRoute: filters, matches and backends of one rule must go together', async (t) => {
  const to = [{ name: 'b', port: 80 }];
  const redirect = (path?: unknown): Manifest => ({ type: 'RequestRedirect', requestRedirect: path ? { path } : {} });
  const rewrite = (path?: unknown): Manifest => ({ type: 'URLRewrite', urlRewrite: path ? { path } : {} });
  const prefix = { type: 'ReplacePrefixMatch', replacePrefixMatch: '/x' };
  const matches = (...paths: Manifest[]): Manifest[] => paths.map((path) => ({ path }));
  const exact = { type: 'Exact', value: '/a' };
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ filters: [redirect()], backendRefs: to }, 'filters[0].type', /RequestRedirect and backendRefs exclude/],
    [{ filters: [redirect(), rewrite()] }, 'filters[1].type', /exclude each other/],
    [{ filters: [rewrite(prefix)], matches: matches(exact) }, 'filters[0].type', /exactly one match/],
    [{ filters: [redirect(prefix)], matches: matches({ value: '/a' }, { value: '/b' }) }, 'filters[0].type', /exactly/],
    [
      { matches: matches(exact), backendRefs: [{ ...to[0], filters: [rewrite(prefix)] }] },
      'backendRefs[0].filters[0].type',
      /exactly one match/,
    ],
    [
      { matches: matches(exact), backendRefs: [{ ...to[0], filters: [redirect(prefix)] }] },
      'backendRefs[0].filters[0].type',
      /exactly one match/,
    ],
  ];
  for (const [rule, path, words] of cases) refuses(t, route('r', [rule]), `spec.rules[0].${path}`, words);
  const good: Manifest[] = [
    { filters: [rewrite(prefix)], backendRefs: to },
    { filters: [rewrite(prefix)], matches: matches({ value: '/a/' }), backendRefs: to },
    { filters: [redirect(prefix)], matches: [{ path: { value: '/a' }, method: 'GET' }] },
    { filters: [rewrite({ type: 'ReplaceFullPath', replaceFullPath: '/' })], matches: matches(exact), backendRefs: to },
    { timeouts: { request: '0s', backendRequest: '5s' } },
    { timeouts: { request: '5s', backendRequest: '5s' } },
    { timeouts: { backendRequest: '5s' } },
  ];
  for (const rule of good) t.same(problemsOf(route('r', [rule])), [], JSON.stringify(rule));
});

t.test('HTTPRoute: parents may be a Service or a ServiceEntry, each with its own group', async (t) => {
  const entry = { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'api.vendor' };
  t.same(problemsOf(route('r', [{}], { parentRefs: [entry, parent('api.vendor')] })), []);
  const mixed = { parentRefs: [{ ...entry, group: '' }] };
  refuses(t, route('r', [{}], mixed), 'spec.parentRefs[0].group', /group of a ServiceEntry is networking.istio.io/);
  const swapped = { parentRefs: [parent('a', { group: 'networking.istio.io' })] };
  refuses(t, route('r', [{}], swapped), 'spec.parentRefs[0].group', /group of a Service is ""/);
});
