import t from 'tap';
import { Cluster } from '../../../../src/proxy/endpoints/cluster.ts';
import { ClusterHealth } from '../../../../src/proxy/endpoints/cluster-health.ts';
import { observeAttempt } from '../../../../src/proxy/endpoints/observe-attempt.ts';
import { at, cluster, endpoints, never } from './support/seeded.ts';

const answer = (status: number, seconds: number) => ({ type: 'answer', status, grpcStatus: -1, seconds }) as const;

t.test('PeakEWMA learns how long answers take, and dislikes refusals', async (t) => {
  const c = cluster('PeakEWMA', [1, 1]);
  const [a, b] = c.endpoints.map(({ endpoint }) => endpoint);
  observeAttempt(at(never, 5), c, a, answer(200, 0.2));
  t.equal(a.latency?.read(5), 200);
  observeAttempt(at(never, 5), c, b, answer(429, 0.001));
  t.equal(b.latency?.read(5), 5000);
});

t.test('detection hears of everything', async (t) => {
  const health = new ClusterHealth('k', () => {});
  const [endpoint] = endpoints(1);
  const outlier = {
    consecutive5xx: 2,
    consecutiveGatewayErrors: 0,
    consecutiveLocalErrors: 0,
    splitLocalErrors: false,
    intervalMs: 1000,
    baseEjectionMs: 1000,
    maxEjectionMs: 1000,
    maxEjectionPercent: 100,
    alwaysEjectOne: false,
  };
  const settings = { service: 's', protocol: 'auto', loadBalancer: 'Random', outlier } as const;
  health.join(settings, [endpoint], 0);
  const c = new Cluster('k', settings, [{ endpoint, weight: 1 }], { health, home: '', previous: null });
  t.ok(c.observes);
  observeAttempt(at(never), c, endpoint, answer(500, 0));
  observeAttempt(at(never), c, endpoint, { type: 'local-failure', cause: 'reset' });
  t.notOk(c.isUsable(endpoint));
  t.equal(c.pick(at(never), -1, []), null);
});

t.test('others have no use for it, nor has an original destination', async (t) => {
  const c = cluster('LeastRequest', [1]);
  t.notOk(c.observes);
  const [{ endpoint }] = c.endpoints;
  observeAttempt(at(never), c, endpoint, answer(500, 1));
  observeAttempt(at(never), null, endpoint, answer(500, 1));
  t.equal(endpoint.latency, null);
});
