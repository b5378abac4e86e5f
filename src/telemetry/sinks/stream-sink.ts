/**
 * Lines for a stream of the mesh, in batches: never a message for each. One batch is under way at a time, and each is acknowledged;
 * what waits while the stream cannot be reached is bounded, and what finds no room is dropped and counted.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost } from './at-most.ts';
import type { LineSink, SinkCounts } from './sink.ts';

/** Bytes that wait for a slow stream. */
const MOST_WAITING = 8 * 1024 * 1024;
/** Lines wait so long for company, in ms. */
const GATHER_MS = 1_000;
const RETRY_MS = 1_000;
const LINE_FEED = 0x0a;

/** Where batches go. */
export interface LogStore {
  /** Stores a batch, once for each id. Never rejects. */
  append(batch: StoredBatch): Promise<StoreOutcome>;
}

export interface StoredBatch {
  readonly id: string;
  readonly lines: Uint8Array;
  readonly count: number;
}

export type StoreOutcome =
  | { readonly type: 'stored' }
  /** `later`: worth another try. */
  | { readonly type: 'later' | 'refused'; readonly problem: string };

interface Batch {
  readonly pieces: Buffer[];
  readonly id: string;
  bytes: number;
  count: number;
}

export class StreamSink implements LineSink {
  readonly name = 'stream';
  readonly #most: number;
  readonly #gatherMs: number;
  readonly #boot = randomUUID();
  readonly #waiting: Batch[] = [];
  #store: LogStore | null = null;
  #made = 0;
  #waitingBytes = 0;
  /** The first of those that wait is under way: nothing is added to it. */
  #underWay: Batch | null = null;
  #timer: NodeJS.Timeout | null = null;
  #work: Promise<void> | null = null;
  readonly #stop = new AbortController();
  #written = 0;
  #dropped = 0;
  #problem = '';
  #isAway = false;

  /** @param most bytes of one batch; no line is longer */
  constructor(most: number, gatherMs: number = GATHER_MS) {
    this.#most = most;
    this.#gatherMs = gatherMs;
  }

  /** What was written before waits for this. */
  use(store: LogStore): void {
    this.#store = store;
    if (this.#waiting.length > 0) this.#begin();
  }

  write(lines: Uint8Array, count: number): void {
    if (lines.length <= this.#most) return this.#take(lines, count);
    for (let at = 0; at < lines.length; ) {
      const limit = Math.min(at + this.#most, lines.length);
      const end = limit === lines.length ? limit : lines.lastIndexOf(LINE_FEED, limit - 1) + 1;
      const part = lines.subarray(at, end > at ? end : limit);
      this.#take(part, linesIn(part));
      at += part.length;
    }
  }

  #take(lines: Uint8Array, count: number): void {
    if (this.#stop.signal.aborted || this.#waitingBytes + lines.length > MOST_WAITING) {
      this.#dropped += count;
      return;
    }
    const batch = this.#roomFor(lines.length);
    batch.pieces.push(Buffer.from(lines));
    batch.bytes += lines.length;
    batch.count += count;
    this.#waitingBytes += lines.length;
    if (this.#work !== null) return;
    if (this.#waiting.length > 1) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), this.#gatherMs).unref();
  }

  counts(): SinkCounts {
    return { written: this.#written, dropped: this.#dropped, problem: this.#problem };
  }

  async close(ms: number): Promise<void> {
    if (!this.#isAway) {
      this.#begin();
      await atMost(ms, this.#work);
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stop.abort();
    for (const { count } of this.#waiting.splice(0)) this.#dropped += count;
    this.#waitingBytes = 0;
  }

  #roomFor(bytes: number): Batch {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last !== this.#underWay && last.bytes + bytes <= this.#most) return last;
    const batch: Batch = { id: `${this.#boot}-${this.#made++}`, pieces: [], bytes: 0, count: 0 };
    this.#waiting.push(batch);
    return batch;
  }

  #begin(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const store = this.#store;
    if (store === null) return;
    this.#work ??= this.#run(store).finally(() => {
      this.#work = null;
    });
  }

  async #run(store: LogStore): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const batch = this.#waiting[0];
      if (batch === undefined) return;
      this.#underWay = batch;
      const outcome = await store.append({ id: batch.id, lines: Buffer.concat(batch.pieces), count: batch.count });
      // Dropped meanwhile, when the sink was closed.
      if (this.#stop.signal.aborted) return;
      this.#problem = outcome.type === 'stored' ? '' : outcome.problem;
      this.#isAway = outcome.type === 'later';
      if (this.#isAway) {
        await sleep(RETRY_MS, undefined, { ref: false, signal: this.#stop.signal }).catch(() => {});
        continue;
      }
      this.#waiting.shift();
      this.#waitingBytes -= batch.bytes;
      if (outcome.type === 'stored') this.#written += batch.count;
      else this.#dropped += batch.count;
    }
  }
}

function linesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
