import t from 'tap';
import { StallWatch } from '../../../src/agent/watch-data-threads.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

t.test('a heartbeat older than two seconds pauses the lease once, a fresh one resumes it', async (t) => {
  const done: string[] = [];
  let ageMs = 0;
  const actions = { pause: () => void done.push('pause'), resume: () => void done.push('resume') };
  const watch = new StallWatch(() => ageMs, actions, createLogger({ name: 'test', level: 'silent' }));
  for (const next of [100, 2_000, 2_001, 9_000, 50, 50, 3_000, 10]) {
    ageMs = next;
    watch.check();
    t.equal(watch.isStalled(), next > 2_000);
  }
  t.strictSame(done, ['pause', 'resume', 'pause', 'resume']);
  t.equal(watch.stalls(), 2);
});
