import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { chooseSource } from '../../../src/agent/choose-source.ts';
import { encodeSnapshot } from '../../../src/agent/views/encode-snapshot.ts';
import { prepareStateDirectory, saveSnapshot } from '../../../src/agent/views/snapshot-files.ts';
import { ViewStore } from '../../../src/agent/views/view-store.ts';
import { agentOptions } from '../../helpers/agent-options.ts';
import { exampleSnapshot } from '../../helpers/example-views.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';

const HANDLERS = {
  status: async () => null,
  dump: async () => null,
  explain: async () => null,
  tap: async () => {},
  why: async () => ({ records: [] }),
  renewCertificates: async () => null,
  traffic: () => null,
  logLevel: async (level: string) => level,
};

t.test('with control, the last-known-good views are held and will be saved', async (t) => {
  const directory = join(t.testdir(), 'state');
  await prepareStateDirectory(directory);
  await saveSnapshot(directory, encodeSnapshot('default', exampleSnapshot(2)));
  const { logger } = recordingLogger();
  const { held, saver } = await chooseSource(await agentOptions(directory), HANDLERS, new ViewStore(), logger);
  t.equal(held.services.length, 2);
  t.not(saver, null);
});

t.test('a damaged file is told in the log, and an older generation is taken', async (t) => {
  const directory = join(t.testdir(), 'state');
  await prepareStateDirectory(directory);
  for (const n of [1, 2]) await saveSnapshot(directory, encodeSnapshot('default', exampleSnapshot(n)));
  writeFileSync(join(directory, 'views.0'), 'rubbish');
  const { logger, lines } = recordingLogger();
  const { held } = await chooseSource(await agentOptions(directory), HANDLERS, new ViewStore(), logger);
  t.equal(held.services.length, 1);
  t.match(
    lines.filter((line) => line.level === 'warn'),
    [{ message: /views\.0 is not used/ }],
  );
});

t.test('standalone, there is no stream to log into', async (t) => {
  const folder = t.testdir({ 'a.yaml': '' });
  const options = await agentOptions(join(folder, 'state'), 'accessLog: { stream: true }');
  const { logger } = recordingLogger();
  await t.rejects(
    chooseSource({ ...options, standalone: [join(folder, 'a.yaml')] }, HANDLERS, new ViewStore(), logger),
    { message: /^accessLog\.stream: an agent without control has no NATS/ },
  );
});

t.test('standalone, nothing is held and nothing will be saved', async (t) => {
  const folder = t.testdir({ 'a.yaml': '' });
  const options = { ...(await agentOptions(join(folder, 'state'))), standalone: [join(folder, 'a.yaml')] };
  const { logger } = recordingLogger();
  const { source, held, saver } = await chooseSource(options, HANDLERS, new ViewStore(), logger);
  t.match(source.describe(), { type: 'files', problems: [] });
  t.strictSame(held, { directory: null, services: [] });
  t.equal(saver, null);
});
