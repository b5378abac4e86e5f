/** Who runs on which core. */
import { availableParallelism } from 'node:os';

/** Commands that place a process; empty words leave it to the scheduler. */
export interface Pins {
  readonly proxy: readonly string[];
  readonly generator: readonly string[];
}

/** The proxy gets the last core for itself, load and upstream share the others. */
export function choosePins(pin: boolean): Pins {
  const cores = availableParallelism();
  if (!pin || cores < 2) return { proxy: [], generator: [] };
  const last = cores - 1;
  return { proxy: ['taskset', '-c', String(last)], generator: ['taskset', '-c', last === 1 ? '0' : `0-${last - 1}`] };
}
