import { type Bucket, type Bus, BusError, type BusMessage, type Unsubscriber } from '../contract/bus-types.ts';
import type { BucketName, Subjects } from '../contract/subjects.ts';

/** A record that this process has not looked at yet; `data` is null when the key was deleted. */
export interface NewRecord {
  readonly key: string;
  readonly revision: number;
  readonly data: Uint8Array | null;
}

export interface Listing {
  /** The bucket is not the one that was listed before: wiped, restored or made again. */
  readonly recreated: boolean;
  readonly records: readonly NewRecord[];
  /** Keys known from before that are no longer there. */
  readonly absent: readonly string[];
  readonly total: number;
}

/**
 * Follows one bucket without a JetStream consumer: stored records arrive by republish (at most once), and `poll` compares
 * with the store. A poll costs one request while nothing was missed, for the sequence of the messages has no gap then.
 */
export class BucketFollower {
  readonly #bus: Bus;
  readonly #prefix: string;
  readonly #bucket: Bucket;
  readonly #revisions = new Map<string, number>();
  readonly #present = new Set<string>();
  #created: string | null = null;
  #lastRevision = 0;
  #missed = true;
  #subscription: Unsubscriber | null = null;

  constructor(bus: Bus, subjects: Subjects, name: BucketName) {
    this.#bus = bus;
    this.#bucket = bus.bucket(subjects.bucket(name));
    this.#prefix = subjects.republished(name, '');
  }

  /** `onRecord` is called for each record stored from now on; it must not throw. */
  start(onRecord: (record: NewRecord) => void): void {
    this.#subscription = this.#bus.subscribe(`${this.#prefix}>`, (message) => {
      const record = this.#take(message);
      if (record !== null) onRecord(record);
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
  }

  /** What is new in the store, or null when nothing was missed. Rejects with BusError; `not-found` = no such bucket. */
  async poll(): Promise<Listing | null> {
    const mark = await this.#bucket.mark();
    if (mark === null) throw new BusError('not-found', 'the bucket does not exist');
    const recreated =
      this.#created !== null && (mark.created !== this.#created || mark.lastRevision < this.#lastRevision);
    if (!recreated && this.#created !== null && !this.#missed && mark.lastRevision <= this.#lastRevision) return null;
    const entries = await this.#bucket.list();
    if (recreated) this.#revisions.clear();
    const listed = new Set(entries.map((entry) => entry.key));
    // A key that appeared by message after the mark was taken may be missing from the list: it is not absent.
    const absent = [...this.#present].filter(
      (key) => !listed.has(key) && (this.#revisions.get(key) ?? 0) <= mark.lastRevision,
    );
    for (const key of absent) this.#present.delete(key);
    const records = entries.flatMap((entry): NewRecord[] =>
      this.#isNew(entry.key, entry.revision, entry.data)
        ? [{ key: entry.key, revision: entry.revision, data: entry.data }]
        : [],
    );
    this.#created = mark.created;
    this.#lastRevision = recreated ? mark.lastRevision : Math.max(this.#lastRevision, mark.lastRevision);
    this.#missed = false;
    return { recreated, records, absent, total: entries.length };
  }

  /** A record could not be dealt with: the next poll tells of every record again. */
  distrust(key: string): void {
    this.#revisions.clear();
    this.#present.add(key);
    this.#missed = true;
  }

  #take(message: BusMessage): NewRecord | null {
    const revision = Number(message.header('Nats-Sequence'));
    if (!Number.isSafeInteger(revision) || revision <= 0) return null;
    const key = message.subject.slice(this.#prefix.length);
    if (revision > this.#lastRevision + 1) this.#missed = true;
    this.#lastRevision = Math.max(this.#lastRevision, revision);
    const data = message.header('KV-Operation') === '' ? message.data : null;
    return this.#isNew(key, revision, data) ? { key, revision, data } : null;
  }

  #isNew(key: string, revision: number, data: Uint8Array | null): boolean {
    if ((this.#revisions.get(key) ?? 0) >= revision) return false;
    this.#revisions.set(key, revision);
    if (data === null) this.#present.delete(key);
    else this.#present.add(key);
    return true;
  }
}
