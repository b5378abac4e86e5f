/**
 * Counters of one data thread: plain numbers in shared memory, which main reads when somebody scrapes. A series is announced
 * to main once; after that, counting is one addition. What main has not seen change for long it takes back (`forget`, `free`).
 */
import { BLOCK_SLOTS, REQUEST_BLOCK } from '../contract/request-block.ts';

/**
 * Most series of one thread, blocks apart, and of one name; most blocks. So labels cannot eat memory. Those that were taken back
 * (`forget`) no longer count, though main has yet to read and clear their places: there are more places for blocks than blocks.
 */
export const MAX_SERIES = 8192;
export const MAX_OF_FAMILY = 4096;
export const MAX_BLOCKS = 2500;
const BLOCK_PLACES = 4000;
/** OpenTelemetry's name for the series of all that found no place of its own: sums stay right. */
export const OVERFLOW_LABELS: Labels = { otel_metric_overflow: 'true' };
/** Places kept for series of that kind, one for each name. */
const MAX_FAMILIES = 128;
const ORDINARY = MAX_SERIES - MAX_FAMILIES;
/** Place of the series that counts refused ones. */
const DROPPED = 0;

export type Labels = Readonly<Record<string, string>>;
export type AnnounceSeries = (index: number, name: string, labels: Labels) => void;

interface Family {
  series: number;
  /** -1 = none yet. */
  overflow: number;
}

export class Counters {
  readonly values: Float64Array;
  readonly #announce: AnnounceSeries;
  readonly #known = new Map<string, number>();
  /** By index, for `forget`. */
  readonly #keys = new Map<number, { readonly key: string; readonly name: string }>();
  readonly #families = new Map<string, Family>();
  /** Until they are free. */
  readonly #forgotten = new Set<number>();
  readonly #freeSeries: number[] = [];
  readonly #freeBlocks: number[] = [];
  #nextSeries = 0;
  #nextOverflow = ORDINARY;
  #nextBlock = MAX_SERIES;
  readonly #holders: (() => void)[] = [];

  constructor(shared: SharedArrayBuffer, announce: AnnounceSeries) {
    this.values = new Float64Array(shared);
    this.#announce = announce;
    this.series('towpath_series_dropped_total', {});
  }

  static sharedMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer((MAX_SERIES + BLOCK_PLACES * BLOCK_SLOTS) * 8);
  }

  /** `drop` is called when indices are no longer what they were: whoever keeps some must look them up again. */
  onForget(drop: () => void): void {
    this.#holders.push(drop);
  }

  /** The index of a series, announced on first use. Past the limit it is the one of all that found no place. */
  series(name: string, labels: Labels): number {
    const key = `${name}${JSON.stringify(labels)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const family = this.#family(name);
    const isFull = this.#freeSeries.length === 0 && this.#nextSeries >= ORDINARY;
    if (isFull || family.series >= MAX_OF_FAMILY) return this.#overflow(name, family, () => this.#nextOverflow++);
    const index = this.#freeSeries.pop() ?? this.#nextSeries++;
    return this.#enter(index, key, name, labels, family);
  }

  /** The first place of a block of what requests with these labels do (`contract/request-block.ts`); as `series`. */
  block(labels: Labels): number {
    const key = `${REQUEST_BLOCK}${JSON.stringify(labels)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const family = this.#family(REQUEST_BLOCK);
    // The last one is for the rest.
    const isFull = this.#freeBlocks.length === 0 && this.#nextBlock >= this.values.length - BLOCK_SLOTS;
    if (isFull || family.series >= MAX_BLOCKS - 1)
      return this.#overflow(REQUEST_BLOCK, family, () => this.values.length - BLOCK_SLOTS);
    const index = this.#freeBlocks.pop() ?? this.#nextBlock;
    if (index === this.#nextBlock) this.#nextBlock += BLOCK_SLOTS;
    return this.#enter(index, key, REQUEST_BLOCK, labels, family);
  }

  add(index: number, amount: number): void {
    this.values[index] += amount;
  }

  /** For rare events: finds the series each time. */
  count(name: string, labels: Labels): void {
    this.values[this.series(name, labels)] += 1;
  }

  /** For values that go up and down. */
  set(name: string, labels: Labels, value: number): void {
    this.values[this.series(name, labels)] = value;
  }

  /** Takes series (or blocks) back: nothing counts there any more. What they hold stays until `free`. */
  forget(indices: readonly number[]): void {
    for (const index of indices) {
      const entry = this.#keys.get(index);
      if (entry === undefined) continue;
      this.#keys.delete(index);
      this.#forgotten.add(index);
      this.#known.delete(entry.key);
      this.#family(entry.name).series--;
    }
    for (const drop of this.#holders) drop();
  }

  /** Main has read, and cleared, what was forgotten: the places may be used again. */
  free(indices: readonly number[]): void {
    for (const index of indices) {
      if (this.#forgotten.delete(index)) (index < MAX_SERIES ? this.#freeSeries : this.#freeBlocks).push(index);
    }
  }

  #enter(index: number, key: string, name: string, labels: Labels, family: Family): number {
    family.series++;
    this.#known.set(key, index);
    this.#keys.set(index, { key, name });
    this.#announce(index, name, labels);
    return index;
  }

  #family(name: string): Family {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { series: 0, overflow: -1 };
      this.#families.set(name, family);
    }
    return family;
  }

  #overflow(name: string, family: Family, place: () => number): number {
    this.values[DROPPED] += 1;
    if (family.overflow < 0) {
      family.overflow = place();
      this.#announce(family.overflow, name, OVERFLOW_LABELS);
    }
    return family.overflow;
  }
}
