/** Finds the SSH server's port of the session we are run from, so that nobody locks himself out of a host with SSH on another port. */
import { readFileSync } from 'node:fs';
import type { InterceptionSettings } from './settings.ts';

/** sudo and su drop the variable; the shell above them still has it. */
const PARENTS = 16;

/** Undefined when this is no SSH session. `environment` is our own; the parents' are read from /proc. */
export function findSshPort(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const own = environment['SSH_CONNECTION'];
  if (own !== undefined) return portOf(own);
  let pid = process.ppid;
  for (let i = 0; i < PARENTS && pid > 1; i++) {
    try {
      const found = /(?:^|\0)SSH_CONNECTION=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
      if (found !== undefined) return portOf(found);
      pid = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** The settings with that port left alone inbound; unchanged when it is already. Pure. */
export function excludeSshPort(settings: InterceptionSettings, port: number): InterceptionSettings {
  const { inbound } = settings;
  if (inbound.excludePorts.some((range) => range.from <= port && port <= range.to)) return settings;
  return { ...settings, inbound: { ...inbound, excludePorts: [...inbound.excludePorts, { from: port, to: port }] } };
}

/** `client-address client-port server-address server-port`, as sshd sets it. */
function portOf(connection: string): number | undefined {
  const port = Number(connection.split(' ')[3]);
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? port : undefined;
}
