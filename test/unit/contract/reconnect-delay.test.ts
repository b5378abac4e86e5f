import t from 'tap';
import { LONGEST_DELAY_MS, reconnectDelayMs } from '../../../src/contract/reconnect-delay.ts';
import { DEFAULT_CONTROL_SETTINGS } from '../../../src/control/settings.ts';

t.test('the pause grows with the outage, spreads over its whole range, and stays below the longest', async (t) => {
  for (const [elapsed, random, expected] of [
    [0, 0, 0],
    [0, 0.999, 249],
    [1_000, 0.5, 625],
    [60_000, 0.5, 2_000],
    [1e12, 0.999_999, LONGEST_DELAY_MS - 1],
    [-5, 0.5, 125],
  ] as const) {
    t.equal(reconnectDelayMs(elapsed, random), expected, `${elapsed} ms, ${random}`);
  }
});

t.test('an outage of NATS evicts nobody: every agent dials again within a lease', async (t) => {
  t.ok(LONGEST_DELAY_MS * 2 <= DEFAULT_CONTROL_SETTINGS.leaseTtlMs);
});
