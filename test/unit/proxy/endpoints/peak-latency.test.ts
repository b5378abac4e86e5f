import t from 'tap';
import { PeakLatency } from '../../../../src/proxy/endpoints/peak-latency.ts';

const near = (got: number, wanted: number): boolean => Math.abs(got - wanted) < 0.01 * wanted;

t.test('it starts at 30 ms and fades by 1 / e in 10 s', async (t) => {
  const l = new PeakLatency(1000);
  t.equal(l.read(1000), 30);
  t.ok(near(l.read(11_000), 30 / Math.E), String(l.read(11_000)));
});

t.test('a peak counts at once, better times only as time passes', async (t) => {
  const l = new PeakLatency(0);
  l.observe(500, 0);
  t.equal(l.read(0), 500);
  l.observe(10, 0);
  t.equal(l.read(0), 500, 'no time has passed');
  l.observe(10, 10_000);
  t.ok(near(l.read(10_000), 500 / Math.E + 10 * (1 - 1 / Math.E)), String(l.read(10_000)));
});

t.test('it converges to what is observed', async (t) => {
  const l = new PeakLatency(0);
  l.observe(2000, 0);
  for (let now = 100; now <= 100_000; now += 100) l.observe(20, now);
  t.ok(near(l.read(100_000), 20), String(l.read(100_000)));
});
