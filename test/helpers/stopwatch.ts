/** Measures how long something takes on a machine that may be busy with other tests. */
import { readFileSync } from 'node:fs';

export interface Stopwatch {
  /** ms since the start, as a wall clock has it: for lower limits. */
  ms(): number;
  /** ms since the start in which something on this machine waited for a processor. */
  busyMs(): number;
  /** The rest: about what it would have taken on an idle machine. For upper limits. */
  quietMs(): number;
}

/** A kernel without pressure stall information (Documentation/accounting/psi.rst) counts as never busy. */
export function startWatch(): Stopwatch {
  const started = performance.now();
  const waited = waitedForProcessors();
  const ms = (): number => performance.now() - started;
  const busyMs = (): number => waitedForProcessors() - waited;
  return { ms, busyMs, quietMs: () => ms() - busyMs() };
}

/** ms since the machine started. */
function waitedForProcessors(): number {
  try {
    const [, micros] = /^some .*total=(\d+)$/m.exec(readFileSync('/proc/pressure/cpu', 'utf8')) ?? [];
    return Number(micros ?? 0) / 1000;
  } catch {
    return 0;
  }
}
