import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { PublishPace } from '../../../src/control/publish-pace.ts';
import { startWatch } from '../../helpers/stopwatch.ts';

const timed = async (wait: Promise<void>): Promise<number> => {
  const started = performance.now();
  await wait;
  return performance.now() - started;
};

t.test('the first goes out at once, the next after a while, an urgent one at once again', async (t) => {
  const pace = new PublishPace(() => false);
  await pace.next();
  pace.published();
  const calm = await timed(pace.next());
  t.ok(calm > 80, `${calm} ms`);
  pace.published();
  const waiting = timed(pace.next());
  pace.hurry();
  t.ok((await waiting) < calm, 'one that is waiting already goes, too');
});

t.test('changes that wait to be admitted are taken along, but not for ever', async (t) => {
  let more = 3;
  const pace = new PublishPace(() => more-- > 0);
  await pace.next();
  t.equal(more, -1);
  const endless = new PublishPace(() => true);
  t.ok((await timed(endless.next())) >= 49);
});

t.test(
  'endpoints that stream in are waited for, in proportion to what a publication costs, and not for ever',
  async (t) => {
    const pace = new PublishPace(() => false);
    await pace.next();
    await sleep(60);
    pace.published();
    const streaming = setInterval(() => pace.changed(), 10);
    const watch = startWatch();
    await pace.next();
    const waited = watch.ms();
    t.ok(waited > 200, `${waited} ms: four times as long as the one before took`);
    t.ok(watch.quietMs() < 5_000, `${waited} ms`);
    clearInterval(streaming);
    pace.published();
    pace.changed();
    pace.hurry();
    const urgent = startWatch();
    await pace.next();
    t.ok(urgent.quietMs() < 50, 'an urgent one waits for none');
  },
);
