import type { Bus } from '../contract/bus-types.ts';
import type { Generation, Meta } from '../contract/messages.ts';
import type { Subjects } from '../contract/subjects.ts';
import { hashView } from '../resources/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ChangedKeys } from './changed-keys.ts';
import { ViewBucket } from './view-bucket.ts';

/** Room for the message's headers within NATS's default `max_payload`. */
const MAX_BODY_BYTES = 1_000_000;

/** Writes views whose content changed, each with its version, and remembers which to list in the next `_meta`. */
export class ViewWriter {
  readonly bucket: ViewBucket;
  readonly changed = new ChangedKeys();
  /** Keys of views that are too large to publish. */
  readonly oversize = new Set<string>();
  readonly #logger: Logger;
  written = 0;

  constructor(bus: Bus, subjects: Subjects, isLeader: () => Promise<boolean>, logger: Logger) {
    this.bucket = new ViewBucket(bus, subjects, isLeader);
    this.#logger = logger;
  }

  /** `onWrite` is called before the store is asked. Rejects with BusError. */
  async write(key: string, body: object, { epoch, gen }: Generation, onWrite: () => void): Promise<void> {
    const hash = hashView(body);
    const before = this.bucket.versionOf(key);
    if (before?.hash === hash && before.epoch === epoch) return;
    const version = { epoch, gen, hash };
    const text = JSON.stringify({ version, ...body });
    if (Buffer.byteLength(text) > MAX_BODY_BYTES) return this.#refuseOversize(key, text.length);
    this.oversize.delete(key);
    onWrite();
    await this.bucket.putView(key, version, text);
    this.changed.note(key, gen);
    this.written++;
  }

  async remove(key: string): Promise<void> {
    if (this.bucket.versionOf(key) === null) return;
    await this.bucket.remove(key);
    this.changed.forget(key);
    this.oversize.delete(key);
  }

  /** Tells agents that a generation is complete. */
  async complete({ epoch, gen }: Generation, previousGen: number): Promise<void> {
    const meta: Meta = { epoch, gen, previousGen, keys: this.changed.listed() };
    await this.bucket.putMeta(meta);
    this.changed.clear();
  }

  #refuseOversize(key: string, length: number): void {
    if (this.oversize.has(key)) return;
    this.oversize.add(key);
    this.#logger.error(
      { key, length, limit: MAX_BODY_BYTES },
      'a view is too large to publish: agents keep the one before',
    );
  }
}
