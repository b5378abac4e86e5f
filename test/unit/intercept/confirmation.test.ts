import t from 'tap';
import { revertUnlessConfirmed } from '../../../src/intercept/confirmation.ts';

t.test('a trial that somebody confirmed or replaced is left alone, at once', async (t) => {
  const start = performance.now();
  t.equal(await revertUnlessConfirmed('a token that nobody waits for', 60), false);
  t.ok(performance.now() - start < 5000);
});
