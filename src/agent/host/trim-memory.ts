/** Gives back the memory that starting needed: parsed modules, decoded configuration, code that ran once. */
import { readFileSync, realpathSync } from 'node:fs';
import { releaseCode } from '../../reactor/release-code.ts';

/** After the last of what the start set going, in ms; once more when timers that run now and then have had their turn. */
const SETTLED_AFTER_MS = [1_000, 10_000];

/** Trims a while from now; garbage only where Node was started with --expose-gc, as bin/towpath does. */
export function trimMemoryLater(): void {
  for (const ms of SETTLED_AFTER_MS) setTimeout(trimMemory, ms).unref();
}

function trimMemory(): void {
  globalThis.gc?.({ type: 'major', flavor: 'last-resort' });
  try {
    releaseCode(readFileSync('/proc/self/smaps', 'utf8'), realpathSync(process.execPath));
  } catch {
    // Without /proc the pages stay, which costs memory and nothing else.
  }
}
