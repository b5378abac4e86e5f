import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { type Manifest, specOf, workloadGroup } from '../world.ts';

t.test('WorkloadGroup: defaults, those of the probe as in Kubernetes', async (t) => {
  t.same(specOf(workloadGroup('g', { template: {} })), {
    metadata: { labels: {}, annotations: {} },
    template: { ports: {}, labels: {}, weight: 1 },
  });
  const pace = {
    initialDelaySeconds: 0,
    periodSeconds: 10,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  };
  const probes: readonly [Manifest, Manifest][] = [
    [{ httpGet: { port: 8080, scheme: 'HTTP' } }, { httpGet: { port: 8080, path: '/' } }],
    [{ tcpSocket: { port: 8080 } }, { tcpSocket: { port: 8080 } }],
    [{ grpc: { port: 8080 } }, { grpc: { port: 8080, service: '' } }],
  ];
  for (const [probe, expected] of probes) {
    const spec = specOf(workloadGroup('g', { template: {}, probe })) as Manifest;
    t.same(spec['probe'], { ...pace, ...expected });
  }
  const full = {
    metadata: { labels: { app: 'cart' }, annotations: { note: 'x' } },
    template: { serviceAccount: 'cart', ports: { http: 8080 }, locality: 'eu/a', weight: 3, labels: {} },
  };
  t.same(specOf(workloadGroup('g', full)), full);
  t.same(problemsOf({ ...workloadGroup('g', full), apiVersion: 'networking.istio.io/v1alpha3' }), []);
});

t.test('WorkloadGroup: every class of refused field', async (t) => {
  const probe = (more: Manifest): Manifest => ({ template: {}, probe: { tcpSocket: { port: 1 }, ...more } });
  const cases: readonly [Manifest, string, RegExp][] = [
    [{}, 'spec.template', /required/],
    [{ template: { address: '10.0.0.1' } }, 'spec.template.address', /its own host/],
    [{ template: { weight: 0 } }, 'spec.template.weight', /at least 1/],
    [{ template: { network: 'x' } }, 'spec.template.network', /several networks/],
    [{ template: { locality: 'a/b/c/d' } }, 'spec.template.locality', /region/],
    [{ template: {}, probe: {} }, 'spec.probe', /exactly one/],
    [probe({ grpc: { port: 1 } }), 'spec.probe', /exactly one/],
    [probe({ exec: { command: ['x'] } }), 'spec.probe.exec', /in the agent file/],
    [probe({ periodSeconds: 0 }), 'spec.probe.periodSeconds', /at least 0.1/],
    [probe({ tcpSocket: { port: 1, host: 'x' } }), 'spec.probe.tcpSocket.host', /own address/],
    [{ template: {}, probe: { httpGet: { port: 1, scheme: 'HTTPS' } } }, 'spec.probe.httpGet.scheme', /only "HTTP"/],
    [{ template: {}, probe: { httpGet: { port: 'http' } } }, 'spec.probe.httpGet.port', /must be a/],
  ];
  for (const [spec, path, words] of cases) refuses(t, workloadGroup('g', spec), path, words);
});
