/** From the state found to the state wanted: the one transaction for one family. Pure. */
import type { RuleSet } from './build-rules.ts';
import { CHAIN_TABLE_IS_OURS } from './names.ts';
import { isAbsent, type SavedState } from './parse-saved.ts';
import { bodyOf, renderTransaction } from './render-rules.ts';

/** Input for a restore program; `flush` false means `--noflush`. */
export interface Change {
  readonly input: string;
  readonly flush: boolean;
}

/** Puts the wanted rules in force, whatever of ours was there before. */
export function planApply(wanted: RuleSet, saved: SavedState): Change {
  const stale = saved.chains.filter((chain) => !wanted.chains.includes(chain));
  const cleanup = [...deleteJumps(saved), ...deleteChains(stale)];
  const marker = saved.madeTable || !saved.tableExists ? [`:${CHAIN_TABLE_IS_OURS} - [0:0]`] : [];
  return { input: renderTransaction([...marker, ...bodyOf(wanted, cleanup)]), flush: false };
}

/** Takes away everything of ours; the table as well when it came with us and nobody else moved in. */
export function planRemove(saved: SavedState): Change | undefined {
  if (isAbsent(saved)) return undefined;
  // In flushing mode an empty table means: delete it.
  if (saved.madeTable && !saved.hasForeign) return { input: renderTransaction([]), flush: true };
  const chains = saved.madeTable ? [...saved.chains, CHAIN_TABLE_IS_OURS] : saved.chains;
  return { input: renderTransaction([...deleteJumps(saved), ...deleteChains(chains)]), flush: false };
}

/**
 * Takes away only the jumps. New connections are then left alone while those already redirected live on: the kernel stops
 * translating addresses once the last redirect rule is gone, so the chains have to stay until the proxy has drained.
 */
export function planRelease(saved: SavedState): Change | undefined {
  return saved.jumps.length === 0 ? undefined : { input: renderTransaction(deleteJumps(saved)), flush: false };
}

/** From `now` back to `before`, word by word: for a change that failed half-way or was not confirmed. */
export function planRestore(before: SavedState, now: SavedState): Change | undefined {
  if (isAbsent(before)) return planRemove(now);
  const stale = now.chains.filter((chain) => !before.chains.includes(chain));
  const lines = [
    ...(before.madeTable ? [`:${CHAIN_TABLE_IS_OURS} - [0:0]`] : []),
    ...before.chains.map((chain) => `:${chain} - [0:0]`),
    ...deleteJumps(now),
    ...deleteChains(stale),
    ...before.rules.map((rule) => `-A ${rule.chain} ${rule.text}`),
    ...before.jumps.map((rule) => `-I ${rule.chain} ${rule.index + 1} ${rule.text}`),
  ];
  return { input: renderTransaction(lines), flush: false };
}

function deleteJumps(saved: SavedState): string[] {
  return saved.jumps.map((rule) => `-D ${rule.chain} ${rule.text}`);
}

/** All are emptied before any goes, because they lead to each other. */
function deleteChains(chains: readonly string[]): string[] {
  return [...chains.map((chain) => `-F ${chain}`), ...chains.map((chain) => `-X ${chain}`)];
}
