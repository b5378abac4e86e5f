import t from 'tap';
import { RequestLimit } from '../../../../src/control/ca/request-limit.ts';

t.test('each host has its own number of requests in a minute', async (t) => {
  const limit = new RequestLimit();
  let allowed = 0;
  while (limit.allows('loud', 1_000) && allowed < 10_000) allowed++;
  t.equal(allowed, 150);
  t.ok(limit.allows('quiet', 1_000));
  t.notOk(limit.allows('loud', 60_999));
  t.ok(limit.allows('loud', 61_000));
});
