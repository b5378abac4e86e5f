/** Processes told apart by pid and start time, because the kernel uses pids again. Reads /proc; sends signals. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process: field 22 of /proc/PID/stat (proc(5)). */
  readonly startTime: string;
}

/** A process as found in /proc. */
export interface ProcessEntry extends ProcessId {
  /** The session's id: the pid of the process that began it. */
  readonly session: number;
}

/** The living process `pid`; null when there is none. A zombie counts as gone: it only waits for its parent to look. */
export function identifyProcess(pid: number): ProcessEntry | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold spaces and brackets
    const startTime = fields[19];
    if (fields[0] === 'Z' || fields[0] === 'X' || startTime === undefined) return null;
    return { pid, startTime, session: Number(fields[3]) };
  } catch {
    return null;
  }
}

export function isAlive(process: ProcessId): boolean {
  return identifyProcess(process.pid)?.startTime === process.startTime;
}

/** Sends the signal if the process is still the same one; false when it is gone. */
export function signalProcess(target: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(target)) return false;
  try {
    process.kill(target.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** True when the process ended within `limitMs`. */
export async function waitForEnd(process: ProcessId, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isAlive(process)) {
    if (performance.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}

/** Inode of a network namespace by its name under /run/netns; null when it does not exist. */
export function namespaceInode(namespace: string): number | null {
  try {
    return statSync(`/run/netns/${namespace}`).ino;
  } catch {
    return null;
  }
}

/** Every process, of whatever origin, that lives in one of these network namespaces. */
export function listMembers(inodes: ReadonlySet<number>): ProcessEntry[] {
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || !inodes.has(networkInodeOf(pid) ?? -1)) return [];
    return identifyProcess(pid) ?? [];
  });
}

/** Inode of the network namespace that the process lives in. */
export function networkInodeOf(pid: number): number | null {
  try {
    return Number(/^net:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[1] ?? Number.NaN);
  } catch {
    return null;
  }
}
