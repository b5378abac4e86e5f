import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { loadSnapshot } from '../../../../src/agent/views/snapshot-files.ts';
import { ViewSaver } from '../../../../src/agent/views/view-saver.ts';
import { createLogger } from '../../../../src/telemetry/logger.ts';
import { exampleSnapshot } from '../../../helpers/example-views.ts';

const logger = createLogger({ name: 'test', level: 'silent' });

t.test('a thousand changes cost one write, of the state at the time of writing', async (t) => {
  const directory = t.testdir();
  let services = 1;
  const saver = new ViewSaver(directory, 'shop', () => exampleSnapshot(services), logger);
  for (let i = 0; i < 1000; i++) saver.changed();
  services = 4;
  await saver.flush();
  t.strictSame(saver.counts(), { written: 1, failures: 0 });
  t.equal((await loadSnapshot(directory, 'shop')).snapshot?.services.length, 4);
  await saver.flush();
  t.equal(saver.counts().written, 1, 'nothing changed, nothing is written');
});

t.test('changes are written by themselves after a second', async (t) => {
  const directory = t.testdir();
  const saver = new ViewSaver(directory, 'shop', () => exampleSnapshot(1), logger);
  saver.changed();
  await sleep(1_300);
  await saver.flush();
  t.equal(saver.counts().written, 1);
  t.ok(statSync(join(directory, 'views.0')).size > 0);
});

t.test('a disk that cannot be written is counted and never thrown', async (t) => {
  const saver = new ViewSaver(join(t.testdir({ file: '' }), 'file'), 'shop', () => exampleSnapshot(1), logger);
  saver.changed();
  await saver.flush();
  t.strictSame(saver.counts(), { written: 0, failures: 1 });
});
