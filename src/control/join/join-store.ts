/** The bucket of tokens and hosts, in their schemas. A record that does not fit its schema counts as not there, and is logged. */
import type { Bus } from '../../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import {
  type HostRecord,
  hostKey,
  hostRecordSchema,
  type TokenRecord,
  tokenKey,
  tokenRecordSchema,
} from '../../contract/join-messages.ts';
import type { Subjects } from '../../contract/subjects.ts';
import type { Result } from '../../core/result.ts';
import type { z } from '../../core/schema.ts';

export interface Kept<T> {
  readonly value: T;
  readonly revision: number;
}

/** Each call rejects with BusError when the store does not answer. */
export class JoinStore {
  readonly #bus: Bus;
  readonly #name: string;

  constructor(bus: Bus, subjects: Subjects) {
    this.#bus = bus;
    this.#name = subjects.bucket('join');
  }

  token(id: string): Promise<Kept<TokenRecord> | null> {
    return this.#read(tokenKey(id), tokenRecordSchema);
  }

  host(host: string): Promise<Kept<HostRecord> | null> {
    return this.#read(hostKey(host), hostRecordSchema);
  }

  /** @param revision that must still be the newest; 0: there must be none */
  putToken(record: TokenRecord, revision: number): Promise<Result<number, 'conflict'>> {
    return this.#bus.bucket(this.#name).write(tokenKey(record.id), JSON.stringify(record), revision);
  }

  putHost(record: HostRecord, revision: number): Promise<Result<number, 'conflict'>> {
    return this.#bus.bucket(this.#name).write(hostKey(record.host), JSON.stringify(record), revision);
  }

  async removeToken(id: string): Promise<void> {
    await this.#bus.bucket(this.#name).remove(tokenKey(id), null);
  }

  async tokens(): Promise<TokenRecord[]> {
    const entries = await this.#bus.bucket(this.#name).list();
    return entries.flatMap(({ key, data }) => {
      if (!key.startsWith(tokenKey(''))) return [];
      const record = decodeJson(data, tokenRecordSchema, MAX_RECORD_BYTES);
      return record.ok ? [record.value] : [];
    });
  }

  async #read<T>(key: string, schema: z.ZodType<T>): Promise<Kept<T> | null> {
    const entry = await this.#bus.bucket(this.#name).get(key);
    if (entry === null || entry.deleted) return null;
    const record = decodeJson(entry.data, schema, MAX_RECORD_BYTES);
    return record.ok ? { value: record.value, revision: entry.revision } : null;
  }
}
