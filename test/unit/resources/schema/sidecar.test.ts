import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { type Manifest, sidecar, specOf } from '../world.ts';

t.test('Sidecar: the egress mode, and hosts that Istio knows', async (t) => {
  t.same(specOf(sidecar({})), { egress: [] });
  const full = {
    outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    egress: [{ hosts: ['./*', 'pay/*', '*/api.example'] }],
  };
  t.same(specOf(sidecar(full)), full);
  t.same(problemsOf({ ...sidecar(full), apiVersion: 'networking.istio.io/v1beta1' }), []);
});

t.test('Sidecar: every class of refused field', async (t) => {
  const egress = (more: Manifest): Manifest => ({ egress: [{ hosts: ['./*'], ...more }] });
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ outboundTrafficPolicy: {} }, 'spec.outboundTrafficPolicy.mode', /required/],
    [{ outboundTrafficPolicy: { mode: 'ALLOW' } }, 'spec.outboundTrafficPolicy.mode', /one of/],
    [
      { outboundTrafficPolicy: { mode: 'ALLOW_ANY', egressProxy: {} } },
      'spec.outboundTrafficPolicy.egressProxy',
      /direct/,
    ],
    [{ workloadSelector: { labels: { app: 'x' } } }, 'spec.workloadSelector', /all programs of its namespace/],
    [{ ingress: [] }, 'spec.ingress', /port that was dialled/],
    [egress({ hosts: [] }), 'spec.egress[0].hosts', /at least 1/],
    [egress({ hosts: ['api.example'] }), 'spec.egress[0].hosts[0]', /<namespace>\/<name>/],
    [egress({ hosts: ['~/*'] }), 'spec.egress[0].hosts[0]', /<namespace>\/<name>/],
    [egress({ hosts: ['a/b/c'] }), 'spec.egress[0].hosts[0]', /<namespace>\/<name>/],
    [egress({ port: { number: 80 } }), 'spec.egress[0].port', /not configurable/],
  ];
  for (const [spec, path, words] of cases) refuses(t, sidecar(spec), path, words);
  refuses(t, sidecar({}, { name: 'mine' }), 'metadata.name', /one Sidecar/);
});
