/** What one process has used, by the kernel's own books. */
import { readdirSync, readFileSync } from 'node:fs';
import { sleep } from '../place/programs.ts';

/**
 * CPU microseconds of all threads of a process: nanoseconds on a CPU, first field of schedstat (Documentation/scheduler/sched-stats.rst).
 * Threads that have ended are no longer counted.
 * @throws Error when the process is gone
 */
export function readCpuMicros(pid: number): number {
  let nanos = 0n;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += BigInt(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0] ?? '0');
    } catch {
      // It ended between the two reads.
    }
  }
  return Number(nanos) / 1000;
}

/** Resident bytes of a process. @throws Error when the process is gone */
export function readRssBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no resident memory: it is ending`);
  return Number(kib) * 1024;
}

export interface MachineTime {
  readonly busy: number;
  readonly steal: number;
  readonly total: number;
}

/** Ticks of all cores since boot. */
export function readMachineTime(): MachineTime {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user + nice + system + irq + softirq;
  return { busy, steal, total: busy + idle + wait + steal };
}

/** Share of the machine that is busy now. */
export async function watchMachine(ms: number): Promise<number> {
  const before = readMachineTime();
  await sleep(ms);
  const after = readMachineTime();
  return (after.busy - before.busy) / (after.total - before.total);
}
