/** Pure decisions of the agent about generations: what must be read again before a generation may be acknowledged. */
import type { Generation, Meta } from '../contract/messages.ts';
import type { ViewVersion } from '../contract/views.ts';

/** Negative when `a` is older than `b`. A higher epoch wins, then a higher gen. */
export function compareGenerations(a: Generation, b: Generation): number {
  return a.epoch !== b.epoch ? a.epoch - b.epoch : a.gen - b.gen;
}

/** Generations between two messages that one may have missed, before the store is asked whether there are so many. */
const MOST_MISSED = 10_000;

/**
 * Whether a message claims more than can have happened since `known`. It is proved by the store then: whoever may publish could
 * otherwise end all taking of views with one message, since views never step back. null: nothing is known yet.
 */
export function isLeap({ epoch, gen }: Generation, known: Generation | null): boolean {
  return known === null || epoch > known.epoch || (epoch === known.epoch && gen > known.gen + MOST_MISSED);
}

/**
 * The held keys that have to be read from the store before `meta` is settled. Of a key that was as new as the generation before it (which
 * was settled, or the key was read since), only when it changed and has not arrived by message; otherwise messages were missed.
 * @param read the newest generation that was known when a key was read last: its view is as new as that
 */
export function keysToRead(
  meta: Meta,
  settled: Generation | null,
  keys: Iterable<string>,
  held: ReadonlyMap<string, ViewVersion>,
  read: ReadonlyMap<string, Generation>,
): string[] {
  const isContinuous = (base: Generation | null | undefined): boolean =>
    meta.keys !== null && !!base && base.epoch === meta.epoch && base.gen >= meta.previousGen;
  const [all, wasSettled] = [[...keys], isContinuous(settled)];
  const behind = new Set(keysBehind(meta, all, held));
  return all.filter((key) => {
    const at = read.get(key);
    if (at !== undefined && compareGenerations(at, meta) >= 0) return false;
    return wasSettled || isContinuous(at) ? behind.has(key) : true;
  });
}

/** The keys whose held view is older than what `meta` says exists. */
export function keysBehind(meta: Meta, keys: Iterable<string>, held: ReadonlyMap<string, ViewVersion>): string[] {
  const { epoch, keys: changed } = meta;
  if (changed === null) return [];
  return [...keys].filter((key) => {
    const gen = Object.hasOwn(changed, key) ? changed[key] : undefined;
    const version = held.get(key);
    return gen !== undefined && (version === undefined || compareGenerations(version, { epoch, gen }) < 0);
  });
}

/** The generation to settle next. One that was never settled is overtaken: what it listed is not known to be complete. */
export function overtake(older: Meta | null, newer: Meta, settled: Generation | null): Meta {
  const isOpen = older !== null && compareGenerations(older, settled ?? { epoch: 0, gen: 0 }) > 0;
  return isOpen ? mergeMeta(older, newer) : newer;
}

/** Two generations of which the older was not settled yet, as one. */
export function mergeMeta(older: Meta | null, newer: Meta): Meta {
  if (older === null || older.epoch !== newer.epoch || older.gen < newer.previousGen) return newer;
  const keys = older.keys === null || newer.keys === null ? null : { ...older.keys, ...newer.keys };
  return { ...newer, previousGen: older.previousGen, keys };
}
