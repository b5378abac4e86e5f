import t from 'tap';
import { many, refuses } from '../refuses.ts';
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
    [{ retry: { attempts: 1 } }, 'retry', /retries are not supported yet/],
    [{ sessionPersistence: {} }, 'sessionPersistence', /not supported yet/],
    [{ timeouts: { backendRequest: '1s' } }, 'timeouts.backendRequest', /one try are not supported yet/],
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
