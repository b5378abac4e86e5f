import t from 'tap';
import { isFailure } from '../../../src/contract/is-failure.ts';

t.test('a flag tells of a failure, but for none and a delay on purpose', async (t) => {
  t.same(
    ['', 'DI', 'DC', 'UC', 'UT', 'URX', 'FI', 'NR'].map((flag) => isFailure(flag)),
    [false, false, true, true, true, true, true, true],
  );
});
