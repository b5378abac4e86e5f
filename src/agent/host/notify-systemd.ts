/** Tells systemd how far the agent is (sd_notify). Node has no datagram UNIX sockets, so systemd's own helper says it. */
import { runCommand } from '../../intercept/run-command.ts';
import type { Logger } from '../../telemetry/logger.ts';

/**
 * Waits until systemd has taken the message (the helper's barrier): sent and forgotten, it could be read after the helper has
 * ended, and systemd would no longer know which unit it came from. Never rejects.
 * @param socket the value of `NOTIFY_SOCKET`; undefined when systemd does not wait for us.
 */
export async function notifySystemd(
  socket: string | undefined,
  state: 'ready' | 'stopping',
  status: string,
  logger: Logger,
): Promise<void> {
  if (socket === undefined || socket === '') return;
  const flag = state === 'ready' ? '--ready' : 'STOPPING=1';
  const { exitCode, stderr } = await runCommand('systemd-notify', [flag, `--status=${status}`]);
  if (exitCode !== 0) logger.warn({ exitCode, reason: stderr.trim() }, 'systemd could not be notified');
}
