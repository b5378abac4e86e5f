/**
 * The buckets of local limits, in memory that all data threads of the agent share: together they let through what the limit says, however
 * connections fall on them. A fixed number of places: a bucket whose window is over gives its place up at no loss; when all are
 * in use, the one that ends soonest among eight begins anew.
 */
import type { LimitView } from '../../contract/limit-views.ts';
import { addRequest, EMPTY, endOf, REFUSED, removeRequest } from '../policy/window-state.ts';

/** Buckets of one agent. */
export const MAX_LOCAL_BUCKETS = 16_384;
const PROBES = 8;
const MASK = MAX_LOCAL_BUCKETS - 1;
const FREE = 0n;

export class SharedBuckets {
  readonly #words: BigInt64Array;
  /** End of the window that the last request was counted in, or that it was refused for. */
  endsAt = 0;
  place = 0;

  constructor(shared: SharedArrayBuffer) {
    this.#words = new BigInt64Array(shared);
  }

  static sharedMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(MAX_LOCAL_BUCKETS * 16);
  }

  /**
   * Counts a request. @returns false: the limit is reached
   * @param hash of rule and key, as `hashKey` makes it; `place` and `endsAt` tell where it was counted
   */
  take(hash: bigint, limit: LimitView, now: number, wall: number): boolean {
    const at = this.#find(hash, now);
    this.place = at;
    for (;;) {
      const state = Atomics.load(this.#words, at + 1);
      const next = addRequest(state, limit, now, wall);
      if (next === REFUSED) {
        this.endsAt = state === EMPTY ? now + limit.windowMs : endOf(state);
        return false;
      }
      if (Atomics.compareExchange(this.#words, at + 1, state, next) !== state) continue;
      this.endsAt = endOf(next);
      return true;
    }
  }

  /** Takes a request out again that was counted at that place, in the window with that end. */
  giveBack(place: number, end: number): void {
    for (;;) {
      const state = Atomics.load(this.#words, place + 1);
      const next = removeRequest(state, end);
      if (Atomics.compareExchange(this.#words, place + 1, state, next) === state) return;
    }
  }

  /** The bucket's place: its own, or one that is free or over, or the one of eight that ends soonest. */
  #find(hash: bigint, now: number): number {
    const words = this.#words;
    const first = Number(hash & 0xffff_ffffn) & MASK;
    for (;;) {
      let best = -1;
      let soonest = Number.POSITIVE_INFINITY;
      for (let i = 0; i < PROBES; i++) {
        const at = ((first + i) & MASK) * 2;
        const key = Atomics.load(words, at);
        if (key === hash) return at;
        const end = key === FREE ? -1 : endOf(Atomics.load(words, at + 1));
        const rank = end <= now ? -1 : end;
        if (rank < soonest) [best, soonest] = [at, rank];
      }
      const before = Atomics.load(words, best);
      if (Atomics.compareExchange(words, best, before, hash) !== before) continue;
      Atomics.store(words, best + 1, EMPTY);
      return best;
    }
  }
}

/** 64 bits that differ between keys, never 0. `seed` is drawn at start: nobody outside can choose keys that meet. */
export function hashKey(seed: number, rule: string, key: string): bigint {
  const high = mix(seed, rule, key);
  const low = mix(seed ^ 0x9e37_79b9, key, rule);
  const hash = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  return hash === FREE ? 1n : hash;
}

/** MurmurHash3's mixing, over the UTF-16 units of both texts. */
function mix(seed: number, first: string, second: string): number {
  let hash = seed >>> 0;
  for (const text of [first, second]) {
    for (let i = 0; i < text.length; i++) {
      let unit = Math.imul(text.charCodeAt(i) + 1, 0xcc9e_2d51);
      unit = (unit << 15) | (unit >>> 17);
      hash ^= Math.imul(unit, 0x1b87_3593);
      hash = (hash << 13) | (hash >>> 19);
      hash = (Math.imul(hash, 5) + 0xe654_6b64) | 0;
    }
    // Where one text ends and the other begins.
    hash = Math.imul(hash ^ text.length ^ 0x5bd1_e995, 0x85eb_ca6b);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
