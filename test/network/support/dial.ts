/** Dials from a namespace as some user, group or mark, and says who answered. */
import type { Netns } from './netns.ts';

export interface Caller {
  readonly uid?: number;
  readonly gid?: number;
  /** SO_MARK. */
  readonly mark?: number;
}

/** Group of the agent's sockets. */
export const AGENT: Caller = { gid: 15001 };
/** The inbound proxy's dial to the local program. */
export const INBOUND_DIAL: Caller = { gid: 15001, mark: 0x70a7 };

/** `15001 for 10.0.0.2:80`, or `refused`, or `silence` when nobody answers within 2 s. */
export async function whoAnswers(from: Netns, ip: string, port: number, caller: Caller = {}): Promise<string> {
  const target = ip.includes(':') ? `TCP6:[${ip}]:${port}` : `TCP4:${ip}:${port}`;
  // socat sets this one before it connects, although its name speaks of listening.
  const mark = caller.mark === undefined ? '' : `,setsockopt-listen=1:36:i${caller.mark}`;
  const become = ['setpriv', '--clear-groups', `--regid=${caller.gid ?? 0}`];
  // A user other than root may not set a mark; nobody needs both.
  const user = caller.uid === undefined ? [] : [`--reuid=${caller.uid}`];
  // Standard input is empty, so the call ends by itself once the other side has spoken.
  const outcome = await from.run(
    'timeout',
    '3',
    ...become,
    ...user,
    'socat',
    '-t2',
    '-',
    `${target},connect-timeout=2${mark}`,
  );
  const [answer] = outcome.stdout.split('\n');
  if (answer !== undefined && answer !== '') return answer.replace(/ from .*/, '');
  return /refused/i.test(outcome.stderr) ? 'refused' : `silence ${outcome.stderr.trim()}`.trim();
}
