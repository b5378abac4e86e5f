import t from 'tap';
import { replicasFor } from '../../../src/control/open-store.ts';

t.test('copies of each bucket follow the server, or say why they cannot', async (t) => {
  for (const [wanted, clustered, version, count] of [
    ['auto', false, '2.9.10', 1],
    ['auto', true, '2.10.23', 3],
    ['auto', true, '2.15.3', 3],
    ['auto', true, '3.0.0', 3],
    ['auto', true, null, 3],
    [1, true, '2.9.10', 1],
    [5, true, '2.12.0-RC.1', 5],
  ] as const) {
    t.same(replicasFor(wanted, clustered, version), { ok: true, value: count }, `${wanted} ${clustered} ${version}`);
  }
  for (const [wanted, clustered, version, sentence] of [
    [3, false, '2.15.3', /^3 replicas need a cluster of nats-servers; this one stands alone/],
    ['auto', true, '2.9.10', /^3 replicas need nats-server 2\.10\.23 or later; this cluster runs 2\.9\.10/],
    [3, true, '2.10.22', /this cluster runs 2\.10\.22/],
    [5, true, '1.4.0', /^5 replicas need/],
  ] as const) {
    const found = replicasFor(wanted, clustered, version);
    t.match(found.ok ? '' : found.error, sentence, `${wanted} ${clustered} ${version}`);
  }
});
