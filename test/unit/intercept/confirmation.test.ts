import t from 'tap';
import { revertUnlessConfirmed } from '../../../src/intercept/confirmation.ts';
import { startWatch } from '../../helpers/stopwatch.ts';

t.test('a trial that somebody confirmed or replaced is left alone, at once', async (t) => {
  const watch = startWatch();
  t.equal(await revertUnlessConfirmed('a token that nobody waits for', 60), false);
  t.ok(watch.quietMs() < 5000);
});
