import t from 'tap';
import { isFailure, parseEnding } from '../../../../src/control/mesh-metrics/outcome.ts';

for (const [ending, failed] of [
  ['200  ', false],
  ['404  ', false],
  ['500  ', true],
  ['503 UH ', true],
  ['0 DC ', false],
  ['0 UC ', true],
  ['200  0', false],
  ['200  5', false],
  ['200  14', true],
  ['5xx  ', true],
  ['', false],
] as const) {
  t.equal(isFailure(parseEnding(ending)), failed, JSON.stringify(ending));
}
