/** What is asked right after `systemctl enable --now towpath-nats towpath-control`: both are still on their way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isLoopback } from '../contract/vet-server.ts';
import { UserError } from '../core/errors.ts';
import type { Connection } from './ask-control.ts';
import type { CommandIo } from './command.ts';

const LONGEST_MS = 30_000;
const PAUSE_MS = 500;
/** No NATS server, no control. */
const ABSENT = new Set(['TWP2701', 'TWP2702']);

/**
 * Tries again for half a minute while NATS or control of a secured mesh on this very host is not there yet. Elsewhere a failure is told at once.
 * @throws what the last attempt threw
 */
export async function whileStarting<T>(
  { servers, credentialsFile }: Pick<Connection, 'servers' | 'credentialsFile'>,
  io: Pick<CommandIo, 'err'>,
  attempt: () => Promise<T>,
  longestMs = LONGEST_MS,
): Promise<T> {
  const isHere = credentialsFile !== null && servers.every((url) => isLoopback(hostOf(url)));
  const deadline = performance.now() + (isHere ? longestMs : 0);
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await attempt();
    } catch (error) {
      if (!isAbsent(error) || performance.now() >= deadline) throw error;
      if (isFirst) io.err(`control of this host is not there yet: waiting for it, ${longestMs / 1000} s at most\n`);
      await sleep(PAUSE_MS);
    }
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof UserError && error.problems.every(({ code }) => ABSENT.has(code));
}

function hostOf(url: string): string {
  const { hostname } = new URL(url.includes('://') ? url : `nats://${url}`);
  return hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '');
}
