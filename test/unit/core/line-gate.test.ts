import t from 'tap';
import { LineGate } from '../../../src/core/line-gate.ts';

t.test('so many lines a second, however many are wanted', async (t) => {
  const gate = new LineGate(3);
  const admitted = Array.from({ length: 2_000 }, (_, i) => i).filter((now) => gate.admits(now));
  t.same(admitted, [0, 1, 2, 1_000, 1_001, 1_002]);
});
