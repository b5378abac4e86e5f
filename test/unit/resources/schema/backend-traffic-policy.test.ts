import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { type Manifest, parent, policy } from '../world.ts';

t.test('BackendTrafficPolicy: every class of refused field', async (t) => {
  const good = policy('p', 'a', 'RoundRobin');
  const withSpec = (more: Manifest): Manifest => ({ ...good, spec: { ...(good['spec'] as Manifest), ...more } });
  t.same(problemsOf(good), []);
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ targetRefs: [] }, 'spec.targetRefs', /at least 1/],
    [{ targetRefs: [parent('a'), parent('a')] }, 'spec.targetRefs[1]', /repeats/],
    [
      { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'r' }] },
      'spec.targetRefs[0].kind',
      /only Services/,
    ],
    [{ targetRefs: [parent('a', { sectionName: 'x' })] }, 'spec.targetRefs[0].sectionName', /all ports/],
    [{ loadBalancer: { type: 'ConsistentHash' } }, 'spec.loadBalancer.type', /not supported yet/],
    [{ loadBalancer: { type: 'roundrobin' } }, 'spec.loadBalancer.type', /did you mean "RoundRobin"/],
    [{ loadBalancer: {} }, 'spec.loadBalancer.type', /required/],
    [{ loadBalancer: { type: 'RoundRobin', slowStart: {} } }, 'spec.loadBalancer.slowStart', /not supported yet/],
    ...[
      'circuitBreaker',
      'healthCheck',
      'timeout',
      'faultInjection',
      'rateLimit',
      'retryConstraint',
      'sessionPersistence',
    ].map((field): [Manifest, string, RegExp] => [{ [field]: {} }, `spec.${field}`, /not supported yet/]),
  ];
  for (const [spec, path, words] of cases) refuses(t, withSpec(spec), path, words);
});
