import t from 'tap';
import { PeakLatency } from '../../../../src/proxy/endpoints/peak-latency.ts';
import { cluster, places, seeded, shares } from './support/seeded.ts';

const latency = (now: number, ...samples: number[]): PeakLatency => {
  const l = new PeakLatency(now);
  for (const ms of samples) l.observe(ms, now);
  return l;
};

t.test('of a pair it takes the one with the lower latency x (in flight + 1)', async (t) => {
  for (const [slow, fast, activeOfFast, wanted] of [
    [100, 31, 0, 1],
    [100, 40, 1, 1],
    [100, 60, 1, 0],
    [100, 40, 2, 0],
  ]) {
    const c = cluster('PeakEWMA', [1, 1]);
    const [a, b] = c.endpoints.map((e) => e.endpoint);
    a.latency = latency(0, slow);
    b.latency = latency(0, fast);
    b.active = activeOfFast;
    t.same([...new Set(places(c, 100, seeded(1)))], [wanted], `${slow} x 1 against ${fast} x ${activeOfFast + 1}`);
  }
});

t.test('equals get equal shares, and weights count in the draws', async (t) => {
  for (const share of shares(places(cluster('PeakEWMA', [1, 1, 1]), 30_000, seeded(2)), 3))
    t.ok(Math.abs(share - 1 / 3) < 0.01, String(share));
  const [heavy] = shares(places(cluster('PeakEWMA', [3, 1]), 30_000, seeded(3)), 2);
  t.ok(Math.abs(heavy - 0.75) < 0.01, String(heavy));
});

t.test('one that was slow is tried again once its latency has faded', async (t) => {
  const c = cluster('PeakEWMA', [1, 1]);
  const [a, b] = c.endpoints.map((e) => e.endpoint);
  a.latency = latency(0, 5000);
  b.latency = latency(0, 40);
  t.same([...new Set(places(c, 50, seeded(1), 1_000))], [1]);
  const later = 60_000;
  b.latency.observe(40, later);
  t.same([...new Set(places(c, 50, seeded(1), later))], [0], '5 s x e^-6 is 12 ms');
});
