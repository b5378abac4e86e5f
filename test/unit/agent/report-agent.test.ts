import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { buildParts } from '../../../src/agent/build-parts.ts';
import { reportConfig, reportStatus } from '../../../src/agent/report-agent.ts';
import { agentOptions } from '../../helpers/agent-options.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';

t.test('a password in a server address is in no report', async (t) => {
  const options = await agentOptions(join(t.testdir(), 'state'));
  const nats = { ...options.config.nats, servers: ['nats://user:s3cret@127.0.0.1:1', 'nats://127.0.0.1:2'] };
  await using undo = new AsyncDisposableStack();
  const { logger, lines } = recordingLogger();
  const parts = await buildParts({ ...options, config: { ...options.config, nats } }, logger, () => 'starting', undo);
  t.strictSame((reportConfig(parts) as { nats: typeof nats }).nats.servers, [
    'nats://[secret]@127.0.0.1:1',
    'nats://127.0.0.1:2',
  ]);
  const failed = (): boolean => lines.some(({ message }) => message.startsWith('NATS cannot be used'));
  for (const end = Date.now() + 20_000; !failed() && Date.now() < end; ) await sleep(10);
  t.ok(failed(), 'the failure to connect is logged');
  const everything = JSON.stringify([reportConfig(parts), await reportStatus(parts), lines]);
  t.notMatch(everything, /s3cret/);
});

t.test('an agent that starts is alive and not ready', async (t) => {
  await using undo = new AsyncDisposableStack();
  const parts = await buildParts(
    await agentOptions(join(t.testdir(), 'state')),
    recordingLogger().logger,
    () => 'starting',
    undo,
  );
  t.match(await reportStatus(parts), { phase: 'starting', problems: ['the agent is starting'] });
});
