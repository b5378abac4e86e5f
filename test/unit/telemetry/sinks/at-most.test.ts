import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { atMost } from '../../../../src/telemetry/sinks/at-most.ts';

t.test('work is waited for, and its failure is told', async (t) => {
  let done = false;
  const work = sleep(20).then(() => {
    done = true;
  });
  await atMost(60_000, work);
  t.ok(done);
  await t.rejects(atMost(60_000, Promise.reject(new Error('no'))), { message: 'no' });
  await atMost(60_000, null);
});

t.test('work that does not end is left alone after the time', async (t) => {
  const started = performance.now();
  await atMost(30, new Promise<void>(() => undefined));
  t.ok(performance.now() - started >= 29);
});
