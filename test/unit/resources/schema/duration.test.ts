import t from 'tap';
import { duration, positiveDuration } from '../../../../src/resources/schema/duration.ts';

t.test('durations are those of GEP-2257; some must not be 0', async (t) => {
  const cases: readonly [unknown, boolean, boolean][] = [
    ['1m30s', true, true],
    ['1ms', true, true],
    ['0s', true, false],
    ['0h0m', true, false],
    ['1.5s', false, false],
    ['-1s', false, false],
    ['123456s', false, false],
    ['5', false, false],
    [5, false, false],
  ];
  for (const [value, any, positive] of cases) {
    t.equal(duration.safeParse(value).success, any, `${value}`);
    t.equal(positiveDuration.safeParse(value).success, positive, `${value}, above 0`);
  }
});
