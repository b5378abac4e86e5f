/**
 * Gives back the pages of Node's own binary that only starting needed. They are an unchanged copy of the file: who needs one again
 * takes it from the page cache by a minor fault, and what nobody needs stays out of the process.
 */
import { bindSymbols } from './syscalls.ts';

/** asm-generic/mman-common.h */
const MADV_DONTNEED = 4;

export interface Mapping {
  readonly start: bigint;
  readonly length: bigint;
}

/**
 * Pure: the mappings of `path` that cannot be written and of which no page was ever changed, in the words of /proc/self/smaps. A page
 * that was changed (by relocation, at the start) would be lost with its change.
 */
export function unchangedMappings(smaps: string, path: string): Mapping[] {
  const found: Mapping[] = [];
  let current: Mapping | null = null;
  for (const line of smaps.split('\n')) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+)\s*(.*)$/.exec(line);
    if (header !== null) {
      const [, from = '', to = '', mode = '', inode = '0', file = ''] = header;
      const start = BigInt(`0x${from}`);
      const isCode = file === path && inode !== '0' && mode[1] === '-' && mode[3] === 'p';
      current = isCode ? { start, length: BigInt(`0x${to}`) - start } : null;
    } else if (current !== null && /^Anonymous:\s+0 kB$/.test(line)) {
      found.push(current);
      current = null;
    }
  }
  return found;
}

/** @param smaps text of /proc/self/smaps, read just now @param path of the running program, links resolved */
export function releaseCode(smaps: string, path: string): void {
  const { madvise } = bindSymbols({ madvise: { arguments: ['u64', 'u64', 'i32'], return: 'i32' } });
  // Advice: where the kernel does not take it, everything goes on as before.
  for (const { start, length } of unchangedMappings(smaps, path)) madvise(start, length, MADV_DONTNEED);
}
