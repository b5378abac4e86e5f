import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { notifySystemd } from '../../../../src/agent/host/notify-systemd.ts';
import { recordingLogger } from '../../../helpers/recording-logger.ts';

t.test('systemd hears that the agent is ready, and that it stops', async (t) => {
  // A socket's path has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'towpath-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'notify');
  const listener = spawn('nc.openbsd', ['-klUu', socket]);
  t.teardown(() => listener.kill());
  let heard = '';
  listener.stdout.on('data', (bytes: Buffer) => {
    heard += bytes.toString();
  });
  for (let i = 0; i < 100 && !existsSync(socket); i++) await sleep(20);
  // As systemd does it: the helper finds the socket in the environment that it inherits.
  process.env['NOTIFY_SOCKET'] = socket;
  t.teardown(() => delete process.env['NOTIFY_SOCKET']);
  const { logger, lines } = recordingLogger();
  await notifySystemd(socket, 'ready', 'serving traffic', logger);
  await notifySystemd(socket, 'stopping', 'draining', logger);
  for (let i = 0; i < 100 && !heard.includes('STOPPING=1'); i++) await sleep(20);
  t.match(heard, /READY=1/);
  t.match(heard, /STATUS=serving traffic/);
  t.match(heard, /STOPPING=1/);
  t.strictSame(lines, []);
});

t.test('without systemd nothing is started', async (t) => {
  const { logger, lines } = recordingLogger();
  await notifySystemd(undefined, 'ready', 'x', logger);
  await notifySystemd('', 'ready', 'x', logger);
  t.strictSame(lines, []);
});
