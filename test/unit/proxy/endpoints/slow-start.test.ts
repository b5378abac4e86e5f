import t from 'tap';
import { warmth } from '../../../../src/proxy/endpoints/slow-start.ts';

for (const [age, window, part] of [
  [0, 1000, 0.1],
  [50, 1000, 0.1],
  [100, 1000, 0.1],
  [101, 1000, 0.101],
  [500, 1000, 0.5],
  [999, 1000, 0.999],
  [1000, 1000, 1],
  [5000, 1000, 1],
  [Number.POSITIVE_INFINITY, 1000, 1],
  [0, 0, 1],
] as const) {
  t.test(`at ${age} of ${window} ms: ${part}`, async (t) => {
    t.equal(warmth(age, window), part);
  });
}
