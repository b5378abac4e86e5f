/** HPACK encoding (RFC 7541) of the field sections that we send on one connection. */
import type { CompiledEdits } from '../http1/header-edits.ts';
import type { MessageHead } from '../message-head.ts';
import type { Memory } from './hpack-area.ts';
import { type EncodedKey, EncodedMemory } from './hpack-encoded.ts';
import type { Inserted } from './hpack-inserted.ts';
import { writeInteger } from './hpack-integer.ts';
import { FieldWriter } from './hpack-writer.ts';
import { Http2Head } from './http2-head.ts';
import {
  insertedLimit,
  sizeLimit,
  writeInserted,
  writeSection,
  writeStatus,
  writeTrailers,
} from './write-http2-head.ts';

export type { Inserted } from './hpack-inserted.ts';

export interface Http2HeadPlan {
  readonly edits: CompiledEdits | null;
  /** Put after the last field. */
  readonly insert: readonly Inserted[];
  /** `:scheme` of requests; 'received': as it came, 'http' for heads from HTTP/1.1. */
  readonly scheme: 'http' | 'https' | 'received';
}

/** The section may not fit; nothing was changed. */
export const TOO_SMALL = -1;

/** What every peer's table has at the start (RFC 9113 6.5.2). */
const INITIAL_CAPACITY = 4096;
/** Size updates and `:status`. */
const FIXED_ROOM = 32;
const NOTHING: readonly Inserted[] = [];
const known = new EncodedMemory();
const key: EncodedKey = { section: 0, version: 0, edits: null, scheme: '' };

export class HpackEncoder {
  readonly #bytes: Buffer;
  readonly #writer: FieldWriter;
  readonly #maxTableBytes: number;
  #capacity: number;
  /** Announced at the start of the next section, the smaller one first (RFC 7541 4.2); -1 = nothing. */
  #smallest = -1;

  /** @param maxTableBytes most that the table takes, whatever the peer allows; 0 = none. */
  constructor(memory: Memory, maxTableBytes = INITIAL_CAPACITY) {
    this.#bytes = memory.bytes;
    this.#maxTableBytes = maxTableBytes;
    this.#capacity = Math.min(maxTableBytes, INITIAL_CAPACITY);
    this.#writer = new FieldWriter(memory, this.#capacity);
    if (this.#capacity < INITIAL_CAPACITY) this.#smallest = this.#capacity;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. The next section announces what it changes. */
  setPeerLimit(bytes: number): void {
    const capacity = Math.min(bytes, this.#maxTableBytes);
    if (capacity === this.#capacity) return;
    this.#smallest = this.#smallest < 0 ? capacity : Math.min(this.#smallest, capacity);
    this.#capacity = capacity;
    this.#writer.index.setCapacity(capacity);
  }

  /**
   * Writes a request's section at `outAt`, away from the head's bytes. Up to `capacity` bytes there may be overwritten.
   * @returns bytes written, or TOO_SMALL: twice what the head needs in HTTP/1.1 always suffices
   */
  encodeRequest(head: MessageHead, plan: Http2HeadPlan, outAt: number, capacity: number): number {
    return this.#encode(head, plan, plan.scheme === 'received' ? '' : plan.scheme, outAt, capacity);
  }

  /** As `encodeRequest`, for a response, interim ones included. */
  encodeResponse(head: MessageHead, plan: Http2HeadPlan, outAt: number, capacity: number): number {
    return this.#encode(head, plan, '', outAt, capacity);
  }

  /** As `encodeRequest`. Fields that steer a message are left out (RFC 9110 6.5.1); 0 = none was left, nothing is sent. */
  encodeTrailers(head: MessageHead, outAt: number, capacity: number): number {
    const section = this.#prepare(head, null, '');
    if (section > 0) {
      const length = known.recall(key, this.#bytes, outAt, capacity);
      if (length > 0) return length;
    }
    if (sizeLimit(head, null, NOTHING) > capacity) return TOO_SMALL;
    const writer = this.#writer;
    const start = this.#announce(outAt);
    writer.at = start;
    if (!writeTrailers(writer, this.#bytes, head)) return 0;
    this.#smallest = -1;
    if (section > 0) this.#keep(outAt);
    return writer.at - outAt;
  }

  /** A head of our own, or trailers if `status` is 0. */
  encodeOwn(status: number, fields: readonly Inserted[], outAt: number, capacity: number): number {
    if (FIXED_ROOM + insertedLimit(fields) > capacity) return TOO_SMALL;
    const writer = this.#writer;
    writer.at = this.#announce(outAt);
    this.#smallest = -1;
    const end = outAt + capacity;
    if (status > 0) writeStatus(writer, this.#bytes, status, end);
    writeInserted(writer, fields, end);
    return writer.at - outAt;
  }

  #encode(
    head: MessageHead,
    plan: Http2HeadPlan,
    scheme: '' | 'http' | 'https',
    outAt: number,
    capacity: number,
  ): number {
    const writer = this.#writer;
    const bytes = this.#bytes;
    const { edits, insert } = plan;
    const end = outAt + capacity;
    const section = this.#prepare(head, edits, scheme);
    const length = section === 0 ? 0 : known.recall(key, bytes, outAt, capacity - insertedLimit(insert));
    writer.at = outAt + length;
    if (length === 0) {
      if (sizeLimit(head, edits, insert) > capacity) return TOO_SMALL;
      writer.at = this.#announce(outAt);
      this.#smallest = -1;
      writeSection(writer, bytes, head, edits, scheme, end);
      if (section > 0) this.#keep(outAt);
    }
    if (insert.length > 0) writeInserted(writer, insert, end);
    return writer.at - outAt;
  }

  /** Fills `key`. Returns the number of the section, or 0 if it cannot be known. */
  #prepare(head: MessageHead, edits: CompiledEdits | null, scheme: string): number {
    if (this.#smallest >= 0 || !(head instanceof Http2Head)) return 0;
    key.section = head.sectionId;
    key.version = this.#writer.index.version;
    key.edits = edits;
    key.scheme = scheme;
    return key.section;
  }

  /** What was written since `from` can be written again if it left the table as it was. */
  #keep(from: number): void {
    const writer = this.#writer;
    if (key.version === writer.index.version) known.keep(key, this.#bytes, from, writer.at - from);
  }

  /** Writes the size updates that are due, at `at`. Returns the offset after them. */
  #announce(at: number): number {
    if (this.#smallest < 0) return at;
    const next = this.#smallest < this.#capacity ? writeInteger(this.#bytes, at, this.#smallest, 5, 0x20) : at;
    return writeInteger(this.#bytes, next, this.#capacity, 5, 0x20);
  }
}
