import type { Result } from '../core/result.ts';
import { type KV, Kvm, orConflict, type Session, streamMark, toEntry, worded } from './bus.ts';
import type { Bucket, BucketEntry, BucketMark } from './bus-types.ts';

const PARALLEL_GETS = 64;

/** One key-value bucket, over whichever session is live at the moment of the call. */
export class NatsBucket implements Bucket {
  readonly #name: string;
  readonly #live: () => Session;
  readonly #direct: boolean;

  constructor(name: string, live: () => Session, direct: boolean) {
    this.#name = name;
    this.#live = live;
    this.#direct = direct;
  }

  async get(key: string): Promise<BucketEntry | null> {
    const entry = await worded((await this.#kv()).get(key));
    return entry === null ? null : toEntry(entry);
  }

  async put(key: string, data: string): Promise<number> {
    return worded((await this.#kv()).put(key, data));
  }

  async write(key: string, data: string, expected: number): Promise<Result<number, 'conflict'>> {
    const kv = await this.#kv();
    return orConflict(expected === 0 ? kv.create(key, data) : kv.update(key, data, expected));
  }

  async remove(key: string, expected: number | null): Promise<Result<void, 'conflict'>> {
    const kv = await this.#kv();
    return orConflict(kv.delete(key, expected === null ? {} : { previousSeq: expected }));
  }

  async list(): Promise<BucketEntry[]> {
    const prefix = `$KV.${this.#name}.`;
    const info = await worded(this.#live().manager.streams.info(`KV_${this.#name}`, { subjects_filter: `${prefix}>` }));
    const keys = Object.keys(info.state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
    const entries: BucketEntry[] = [];
    for (let at = 0; at < keys.length; at += PARALLEL_GETS) {
      const found = await Promise.all(keys.slice(at, at + PARALLEL_GETS).map((key) => this.get(key)));
      for (const entry of found) if (entry !== null && !entry.deleted) entries.push(entry);
    }
    return entries;
  }

  async history(key: string): Promise<BucketEntry[]> {
    const entries: BucketEntry[] = [];
    for await (const entry of await worded((await this.#kv()).history({ key }))) entries.push(toEntry(entry));
    return entries;
  }

  mark(): Promise<BucketMark | null> {
    return streamMark(this.#live().manager, `KV_${this.#name}`);
  }

  #kv(): Promise<KV> {
    const session = this.#live();
    const known = session.buckets.get(this.#name);
    if (known !== undefined) return known;
    const opened = new Kvm(session.stream).open(this.#name, { allow_direct: this.#direct });
    session.buckets.set(this.#name, opened);
    return opened;
  }
}
