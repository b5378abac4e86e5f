import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../core/result.ts';
import { type Bucket, type BucketEntry, type BucketMark, BusError } from './bus-types.ts';

/** A stream that lost its leader elects another within 4 to 9 s; nothing is said to have failed before that could be over. */
const PATIENCE_MS = 12_000;
const PAUSE_MS = 200;

/**
 * A bucket of a cluster. While its stream has no leader, calls are repeated; a write of which nobody said whether it was
 * stored is looked for first, so that it is never made twice, and never taken for somebody else's.
 */
export class PatientBucket implements Bucket {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  get(key: string): Promise<BucketEntry | null> {
    return patiently(() => this.#bucket.get(key));
  }

  put(key: string, data: string): Promise<number> {
    return patiently(() => this.#bucket.put(key, data));
  }

  write(key: string, data: string, expected: number): Promise<Result<number, 'conflict'>> {
    let asked = false;
    return patiently(async () => {
      const found = asked ? await this.#bucket.get(key) : null;
      asked = true;
      if (found !== null && !found.deleted && found.revision > expected) {
        return Buffer.from(found.data).toString('utf8') === data ? ok(found.revision) : err('conflict');
      }
      return this.#bucket.write(key, data, expected);
    });
  }

  remove(key: string, expected: number | null): Promise<Result<void, 'conflict'>> {
    let asked = false;
    return patiently(async () => {
      const found = asked ? await this.#bucket.get(key) : null;
      if (asked && (found === null || found.deleted)) return ok(undefined);
      asked = true;
      return this.#bucket.remove(key, expected);
    });
  }

  list(): Promise<BucketEntry[]> {
    return patiently(() => this.#bucket.list());
  }

  history(key: string): Promise<BucketEntry[]> {
    return patiently(() => this.#bucket.history(key));
  }

  mark(): Promise<BucketMark | null> {
    return patiently(() => this.#bucket.mark());
  }
}

/** Repeats what fails for want of a leader or of a connection; rejects with the last BusError when it lasts. */
export async function patiently<T>(task: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await task();
    } catch (cause) {
      if (!isPassing(cause) || performance.now() > deadline) throw cause;
    }
    await sleep(PAUSE_MS * (0.5 + Math.random()));
  }
}

function isPassing(cause: unknown): boolean {
  if (!(cause instanceof BusError)) return false;
  return cause.code === 'no-responders' || cause.code === 'timeout' || cause.code === 'disconnected';
}
