import type { Bucket, Bus } from '../../contract/bus-types.ts';
import {
  HOST_PREFIX,
  type HostTrust,
  hostTrustSchema,
  TRUST_KEY,
  type TrustRecord,
  trustRecordSchema,
} from '../../contract/certificate-messages.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import type { Subjects } from '../../contract/subjects.ts';
import type { Audience } from './rotation.ts';

/** Hosts whose reports are kept; a stream of invented hosts must not fill the store. */
const MAX_HOSTS = 50_000;
/** What a host says again and again is stored again after this time: another replica may have stored something else between. */
const REPEAT_MS = 10 * 60 * 1000;

export interface StoredTrust {
  readonly record: TrustRecord;
  readonly revision: number;
}

/** The bucket `towpath_trust`: which roots are trusted, and what each host has in force. All methods reject with BusError. */
export class TrustStore {
  readonly #bucket: Bucket;
  readonly #leases: Bucket;
  /** What this replica stored of a host last. */
  readonly #told = new Map<string, { readonly text: string; readonly atMs: number }>();

  constructor(bus: Bus, subjects: Subjects) {
    this.#bucket = bus.bucket(subjects.bucket('trust'));
    this.#leases = bus.bucket(subjects.bucket('lease'));
  }

  /** null: there is no record. Throws when what is there cannot be read: it must not be overwritten. */
  async read(): Promise<StoredTrust | null> {
    const entry = await this.#bucket.get(TRUST_KEY);
    if (entry === null || entry.deleted) return null;
    const record = decodeJson(entry.data, trustRecordSchema, MAX_RECORD_BYTES);
    if (!record.ok) throw new Error(`the record ${TRUST_KEY} of the bucket of trust is damaged: ${record.error}`);
    return { record: record.value, revision: entry.revision };
  }

  /** False when somebody else was faster. @param expected revision that it replaces; 0: there must be none */
  async write(record: TrustRecord, expected: number): Promise<boolean> {
    return (await this.#bucket.write(TRUST_KEY, JSON.stringify(record), expected)).ok;
  }

  /** Notes what a host has in force; written only when it says something new. */
  async report(host: string, report: HostTrust): Promise<void> {
    const { atMs, ...said } = report;
    const text = JSON.stringify(said);
    const last = this.#told.get(host);
    if (last?.text === text && atMs - last.atMs < REPEAT_MS) return;
    if (last === undefined && this.#told.size >= MAX_HOSTS) return;
    await this.#bucket.put(`${HOST_PREFIX}${host}`, JSON.stringify(report));
    this.#told.set(host, { text, atMs });
  }

  /** What each host said last. */
  async #reports(): Promise<Map<string, HostTrust>> {
    const reports = new Map<string, HostTrust>();
    for (const { key, data } of await this.#bucket.list()) {
      const report = key.startsWith(HOST_PREFIX) ? decodeJson(data, hostTrustSchema, MAX_RECORD_BYTES) : null;
      if (report?.ok) reports.set(key.slice(HOST_PREFIX.length), report.value);
    }
    return reports;
  }

  /** Hosts whose lease lives. */
  async #live(): Promise<Set<string>> {
    return new Set((await this.#leases.list()).map(({ key }) => key));
  }

  /** What every host said, and who is there. */
  async audience(): Promise<Audience> {
    const [reports, live] = await Promise.all([this.#reports(), this.#live()]);
    return { reports, live };
  }

  /** After the store was wiped: everything is told again. */
  forget(): void {
    this.#told.clear();
  }
}
