import { type Bucket, type Bus, BusError } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { type Generation, type Meta, metaSchema } from '../contract/messages.ts';
import { EPOCH_KEY, META_KEY, type Subjects, serviceOfViewKey } from '../contract/subjects.ts';
import { versionSchema } from '../contract/view-schema.ts';
import type { ViewVersion } from '../contract/views.ts';

/** Older than every version, and with no content that ours could equal. */
const UNREADABLE: ViewVersion = { epoch: 0, gen: 0, hash: '' };

interface Published {
  readonly version: ViewVersion;
  readonly revision: number;
}

/** The view bucket as its only writer knows it: what lies there, by compare and set, and whether somebody else meddled. */
export class ViewBucket {
  readonly #bucket: Bucket;
  readonly #isLeader: () => Promise<boolean>;
  readonly #published = new Map<string, Published>();
  #metaRevision = 0;
  #created: string | null = null;
  #lastRevision = 0;

  constructor(bus: Bus, subjects: Subjects, isLeader: () => Promise<boolean>) {
    this.#isLeader = isLeader;
    this.#bucket = bus.bucket(subjects.bucket('view'));
  }

  /**
   * Reads everything: the newest `_meta`, or null when there is none, and the highest epoch and gen that anything in the bucket has: a term
   * may have ended between its views and its `_meta`. Rejects with BusError.
   */
  async load(): Promise<{ readonly meta: Meta | null; readonly newest: Generation }> {
    const mark = await this.#bucket.mark();
    this.#created = mark?.created ?? null;
    this.#lastRevision = mark?.lastRevision ?? 0;
    const { stored, meta } = await this.#read();
    this.#published.clear();
    for (const [key, found] of stored) this.#published.set(key, found);
    const versions: Generation[] = [...stored.values()].map(({ version }) => version);
    if (meta !== null) versions.push(meta);
    const newest = { epoch: 0, gen: 0 };
    for (const { epoch, gen } of versions) {
      newest.epoch = Math.max(newest.epoch, epoch);
      newest.gen = Math.max(newest.gen, gen);
    }
    return { meta, newest };
  }

  /**
   * An epoch, `atLeast` or higher, that no other control ever had. Whoever believes to lead but does not gets none: leadership is asked for
   * after the record was read, and a rival's claim in between makes the write fail. Rejects with BusError.
   */
  async claimEpoch(atLeast: number): Promise<number> {
    const found = await this.#bucket.get(EPOCH_KEY);
    const held = found !== null && !found.deleted;
    const before = held ? Number(Buffer.from(found.data).toString('utf8')) : 0;
    const epoch = Math.max(atLeast, Number.isSafeInteger(before) ? before + 1 : 0);
    await this.#mustLead('another control leads: no epoch for this one');
    const written = await this.#bucket.write(EPOCH_KEY, String(epoch), held ? found.revision : 0);
    if (!written.ok) throw new BusError('other', 'another control claims an epoch too');
    this.#lastRevision = Math.max(this.#lastRevision, written.value);
    return epoch;
  }

  keys(): string[] {
    return [...this.#published.keys()];
  }

  /** How many services have a view. */
  get services(): number {
    return this.keys().filter((key) => serviceOfViewKey(key) !== null).length;
  }

  versionOf(key: string): ViewVersion | null {
    return this.#published.get(key)?.version ?? null;
  }

  async putView(key: string, version: ViewVersion, text: string): Promise<void> {
    const revision = await this.#put(key, text, this.#published.get(key)?.revision ?? 0);
    this.#published.set(key, { version, revision });
  }

  async putMeta(meta: Meta): Promise<void> {
    this.#metaRevision = await this.#put(META_KEY, JSON.stringify(meta), this.#metaRevision);
  }

  async remove(key: string): Promise<void> {
    const removed = await this.#bucket.remove(key, this.#published.get(key)?.revision ?? null);
    if (!removed.ok) {
      await this.#mustLead(`another control leads and has written ${key}`);
      await this.#bucket.remove(key, null);
    }
    this.#published.delete(key);
  }

  /**
   * Looks whether somebody else changed the bucket; what differs is then forgotten, so that it is written again. Costs
   * one request while nobody did. `busy` tells that we are writing ourselves: then nothing can be said.
   */
  async inspect(busy: () => boolean): Promise<'ours' | 'edited' | 'recreated'> {
    const mark = await this.#bucket.mark();
    if (mark === null || busy()) return 'ours';
    const recreated =
      this.#created !== null && (mark.created !== this.#created || mark.lastRevision < this.#lastRevision);
    if (!recreated && mark.lastRevision === this.#lastRevision) {
      this.#created = mark.created;
      return 'ours';
    }
    const { stored } = await this.#read();
    if (busy()) return 'ours';
    this.#created = mark.created;
    this.#lastRevision = mark.lastRevision;
    if (recreated) this.#published.clear();
    let edited = false;
    for (const key of new Set([...this.#published.keys(), ...stored.keys()])) {
      const revision = stored.get(key)?.revision ?? 0;
      if (this.#published.get(key)?.revision === revision) continue;
      edited = true;
      this.#published.set(key, { version: UNREADABLE, revision });
    }
    if (recreated) return 'recreated';
    return edited ? 'edited' : 'ours';
  }

  async #read(): Promise<{ stored: Map<string, Published>; meta: Meta | null }> {
    const stored = new Map<string, Published>();
    let meta: Meta | null = null;
    this.#metaRevision = 0;
    for (const { key, data, revision } of await this.#bucket.list()) {
      if (key === META_KEY) {
        const decoded = decodeJson(data, metaSchema, MAX_RECORD_BYTES);
        meta = decoded.ok ? decoded.value : null;
        this.#metaRevision = revision;
      } else if (key !== EPOCH_KEY) stored.set(key, { version: readVersion(data), revision });
    }
    return { stored, meta };
  }

  /** Asks the store. Rejects with BusError when it is somebody else who leads. */
  async #mustLead(otherwise: string): Promise<void> {
    if (!(await this.#isLeader())) throw new BusError('other', otherwise);
  }

  /** Compare and set against our own last write; somebody else's write in between is overwritten only by the holder of the lock. */
  async #put(key: string, text: string, expected: number): Promise<number> {
    let written = await this.#bucket.write(key, text, expected);
    if (!written.ok) {
      const found = await this.#bucket.get(key);
      await this.#mustLead(`another control leads and has written ${key}`);
      written = await this.#bucket.write(key, text, found === null || found.deleted ? 0 : found.revision);
    }
    if (!written.ok) throw new BusError('other', `somebody else is writing the view ${key} too`);
    this.#lastRevision = Math.max(this.#lastRevision, written.value);
    return written.value;
  }
}

/** One that cannot be read counts as version 0, so that it is replaced. */
function readVersion(data: Uint8Array): ViewVersion {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : null;
    const parsed = versionSchema.safeParse(version);
    return parsed.success ? parsed.data : UNREADABLE;
  } catch {
    return UNREADABLE;
  }
}
