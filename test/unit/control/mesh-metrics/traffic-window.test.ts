import t from 'tap';
import { DURATION_BOUNDS } from '../../../../src/contract/request-block.ts';
import { describeTraffic, quantileMs, TrafficWindow } from '../../../../src/control/mesh-metrics/traffic-window.ts';

function durations(seconds: number, count: number): number[] {
  const all: number[] = new Array(DURATION_BOUNDS.length + 1).fill(0);
  const bucket = DURATION_BOUNDS.findIndex((bound) => seconds <= bound);
  all[bucket < 0 ? DURATION_BOUNDS.length : bucket] = count;
  return all;
}

const passed = {
  requests: 10,
  failures: 1,
  connections: 2,
  receivedBytes: 50,
  sentBytes: 500,
  durations: durations(0.04, 10),
};

t.test('rates are over the window alone', async (t) => {
  const window = new TrafficWindow();
  window.add(passed, 1_000);
  window.add(passed, 50_000);
  window.add(passed, 59_000);
  t.match(describeTraffic(window.sum(10, 59_999), 10, 30), {
    requestsPerSecond: 2,
    success: 0.9,
    connectionsPerSecond: 0.4,
    receivedBytesPerSecond: 10,
    sentBytesPerSecond: 100,
    requestsTotal: 30,
  });
  t.equal(describeTraffic(window.sum(60, 59_999), 60, 30).requestsPerSecond, 0.5);
  t.match(describeTraffic(window.sum(60, 400_000), 60, 30), { requestsPerSecond: 0, success: null, p50Ms: null });
});

t.test('memory holds five minutes', async (t) => {
  const window = new TrafficWindow();
  for (let now = 0; now < 3_600_000; now += 5_000) window.add(passed, now);
  t.equal(describeTraffic(window.sum(3600, 3_600_000), 1, 0).requestsPerSecond, 60 * 10);
});

t.test('quantiles are linear within their bucket', async (t) => {
  t.equal(quantileMs([], 0.5), null);
  t.ok(Math.abs((quantileMs(durations(0.04, 10), 0.5) ?? 0) - 37.5) < 1e-9);
  t.equal(quantileMs(durations(99, 10), 0.5), 10_000);
  const mixed = durations(0.0004, 98).map((count, i) => count + (durations(0.9, 2)[i] ?? 0));
  t.ok((quantileMs(mixed, 0.5) ?? 0) < 0.5);
  t.ok((quantileMs(mixed, 0.99) ?? 0) > 750);
});
