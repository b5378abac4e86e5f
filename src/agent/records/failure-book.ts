/** The last requests and connections that failed here, by their ids: what `towpath why` is answered from. */
import type { FailureRecord } from '../../contract/failure-record.ts';

/** Records kept; the oldest go. */
const MOST_RECORDS = 4_000;
/** Most records of one answer. */
const MOST_FOUND = 20;

export class FailureBook {
  readonly #records = new Map<string, FailureRecord>();
  readonly #most: number;

  constructor(most: number = MOST_RECORDS) {
    this.#most = most;
  }

  note(record: FailureRecord): void {
    this.#records.set(record.id, record);
    for (const oldest of this.#records.keys()) {
      if (this.#records.size <= this.#most) break;
      this.#records.delete(oldest);
    }
  }

  /** By its own id, or newest first those of a connection, of an `x-request-id`, or of a trace. */
  find(id: string): FailureRecord[] {
    if (id === '') return [];
    const known = this.#records.get(id);
    if (known !== undefined) return [known];
    const found: FailureRecord[] = [];
    for (const record of this.#records.values()) {
      if (record.requestId === id || record.traceId === id || record.id.startsWith(`${id}-`)) found.push(record);
    }
    return found.reverse().slice(0, MOST_FOUND);
  }

  get size(): number {
    return this.#records.size;
  }
}
