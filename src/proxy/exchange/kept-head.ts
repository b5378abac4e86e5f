/**
 * A request head set aside, so that it can be sent later or again: its bytes and their places in one chunk of the slab. What
 * concerns only the connection that it came on is left out, so that it reads like a head from HTTP/2.
 */
import { LARGE_CHUNK, type Slab, SMALL_CHUNK } from '../../reactor/slab.ts';
import {
  FIELD_CONNECTION,
  FIELD_HOP,
  FIELD_HOST,
  FIELD_KEEP_ALIVE,
  FIELD_TE,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  Http1Head,
} from '../codec/http1/http1-head.ts';
import { isNominated } from '../codec/http1/nominated.ts';
import { type HeadPlan, NO_FIELDS, writeHead } from '../codec/http1/write-head.ts';
import { Http2Head } from '../codec/http2/http2-head.ts';
import type { MessageHead } from '../codec/message-head.ts';

/** Two words for each field: length of the name, with kind and flags above it; length of the value. */
const WORDS = 2;
const LENGTH_BITS = 18;
const LENGTH_MASK = (1 << LENGTH_BITS) - 1;
const KIND_MASK = 15;
const FLAGS_SHIFT = LENGTH_BITS + 4;
/** At least what is written into a head beside the authority. */
const OWN_LINES = 128;
/** Below this, copying byte by byte is faster than a call. */
const SHORT = 24;

export class KeptHead {
  readonly #slab: Slab;
  readonly #words: Int32Array;
  #chunk = -1;
  #linesLength = 0;
  /** Where the next byte goes. */
  #end = 0;
  /** What came of the body lies behind the head, as long as there is room. */
  bodyAt = 0;
  bodyLength = 0;
  #textAt = 0;
  #fieldCount = 0;
  #isHead = false;
  #isConnect = false;
  #absoluteForm = false;
  #expectContinue = false;
  #contentLength = -1;
  #methodLength = 0;
  #targetLength = 0;
  /** From the start of the target, -1 = it lies elsewhere. */
  #pathOffset = 0;
  #pathLength = 0;
  #queryOffset = 0;
  #queryLength = 0;
  #authorityLength = 0;
  #schemeLength = 0;

  /** @param words the slab's memory as 32-bit words */
  constructor(slab: Slab, words: Int32Array) {
    this.#slab = slab;
    this.#words = words;
  }

  get isKept(): boolean {
    return this.#chunk >= 0;
  }

  /** The lines of HTTP/1.1, kept by `keepLines`. */
  get isLines(): boolean {
    return this.#linesLength > 0;
  }

  get linesAt(): number {
    return this.#chunk;
  }

  get linesLength(): number {
    return this.#linesLength;
  }

  /** As `keep`, to the letter, for an endpoint that speaks HTTP/1.1: to be parsed again. @throws SlabExhausted */
  keepLines(head: Http1Head, thrifty: boolean): boolean {
    const { bytes } = this.#slab;
    const length = head.endAt - head.startAt;
    // What was changed in it since it was parsed (`makeDirect`) must not come back.
    const isAsParsed = !head.absoluteForm && head.hopFields === 0;
    if (!this.#take(isAsParsed ? length : length + head.authorityLength + OWN_LINES, thrifty)) return false;
    const at = this.#chunk;
    if (isAsParsed) bytes.copyWithin(at, head.startAt, head.endAt);
    this.#linesLength = isAsParsed ? length : writeHead(bytes, head, at, this.#slab.capacity(at), planOf(head));
    this.bodyAt = at + this.#linesLength;
    return true;
  }

  #take(size: number, thrifty: boolean): boolean {
    if (size > LARGE_CHUNK || (thrifty && (size > SMALL_CHUNK || this.#slab.freeSmallChunks === 0))) return false;
    this.release();
    this.#chunk = this.#slab.allocate(size);
    this.#linesLength = 0;
    this.bodyLength = 0;
    return true;
  }

  /** Copies the head. False when it is too large for one chunk, or `thrifty` and small chunks have run out. @throws SlabExhausted */
  keep(head: MessageHead, thrifty: boolean): boolean {
    if (!this.#take(sizeOf(head), thrifty)) return false;
    this.#textAt = this.#chunk + head.fieldCount * WORDS * 4;
    this.#end = this.#textAt;
    this.#keepStart(head);
    if (head instanceof Http1Head) this.#keepHttp1Fields(head);
    else this.#keepFields(head);
    this.bodyAt = this.#end;
    return true;
  }

  /** Puts body bytes into the room behind the head; false when there is not enough for all of them. */
  appendBody(at: number, length: number): boolean {
    const to = this.bodyAt + this.bodyLength;
    if (to + length > this.#chunk + this.#slab.capacity(this.#chunk)) return false;
    this.#slab.bytes.copyWithin(to, at, at + length);
    this.bodyLength += length;
    return true;
  }

  #keepStart(head: MessageHead): void {
    this.#isHead = head.isHead;
    this.#isConnect = head.isConnect;
    this.#absoluteForm = head.absoluteForm;
    this.#expectContinue = head.expectContinue;
    this.#contentLength = head.contentLength;
    this.#methodLength = head.methodLength;
    this.#targetLength = head.targetLength;
    this.#pathOffset = head.pathAt - head.targetAt;
    this.#pathLength = head.pathLength;
    this.#queryOffset = head.queryAt - head.targetAt;
    this.#queryLength = head.queryLength;
    this.#authorityLength = head.authorityLength;
    this.#schemeLength = head instanceof Http2Head ? head.schemeLength : 0;
    this.#put(head.methodAt, head.methodLength);
    this.#put(head.targetAt, head.targetLength);
    this.#put(head.authorityAt, head.authorityLength);
    if (head instanceof Http2Head) this.#put(head.schemeAt, head.schemeLength);
  }

  #keepFields(head: MessageHead): void {
    const flags = head instanceof Http2Head ? head.fieldFlags : null;
    this.#fieldCount = head.fieldCount;
    for (let i = 0; i < head.fieldCount; i++) this.#putField(head, i, i, flags === null ? 0 : flags[i]);
  }

  #keepHttp1Fields(head: Http1Head): void {
    let count = 0;
    for (let i = 0; i < head.fieldCount; i++) {
      if (!isForOneHop(this.#slab.bytes, head, i)) this.#putField(head, i, count++, 0);
    }
    this.#fieldCount = count;
  }

  #putField(head: MessageHead, i: number, place: number, flags: number): void {
    const word = (this.#chunk >> 2) + place * WORDS;
    this.#words[word] = head.nameLength[i] | (head.fieldKind[i] << LENGTH_BITS) | (flags << FLAGS_SHIFT);
    this.#words[word + 1] = head.valueLength[i];
    this.#put(head.nameAt[i], head.nameLength[i]);
    this.#put(head.valueAt[i], head.valueLength[i]);
  }

  #put(at: number, length: number): void {
    const { bytes } = this.#slab;
    const to = this.#end;
    if (length < SHORT) for (let i = 0; i < length; i++) bytes[to + i] = bytes[at + i];
    else bytes.copyWithin(to, at, at + length);
    this.#end = to + length;
  }

  /** Fills `head`, which is valid until `release`. */
  restore(head: Http2Head): void {
    head.reset(true);
    head.isHead = this.#isHead;
    head.isConnect = this.#isConnect;
    head.absoluteForm = this.#absoluteForm;
    head.expectContinue = this.#expectContinue;
    head.contentLength = this.#contentLength;
    let at = this.#textAt;
    head.methodAt = at;
    head.methodLength = this.#methodLength;
    head.targetAt = at += this.#methodLength;
    head.targetLength = this.#targetLength;
    head.pathAt = head.targetAt + this.#pathOffset;
    head.pathLength = this.#pathLength;
    head.queryAt = head.targetAt + this.#queryOffset;
    head.queryLength = this.#queryLength;
    head.authorityAt = at += this.#targetLength;
    head.authorityLength = this.#authorityLength;
    head.schemeAt = at += this.#authorityLength;
    head.schemeLength = this.#schemeLength;
    this.#restoreFields(head, at + this.#schemeLength);
  }

  #restoreFields(head: Http2Head, from: number): void {
    let at = from;
    let word = this.#chunk >> 2;
    for (let i = 0; i < this.#fieldCount; i++, word += WORDS) {
      const packed = this.#words[word];
      const nameLength = packed & LENGTH_MASK;
      head.nameAt[i] = at;
      head.nameLength[i] = nameLength;
      head.fieldKind[i] = (packed >> LENGTH_BITS) & KIND_MASK;
      head.fieldFlags[i] = packed >> FLAGS_SHIFT;
      head.fieldToken[i] = 0;
      head.valueAt[i] = at += nameLength;
      head.valueLength[i] = this.#words[word + 1];
      at += this.#words[word + 1];
    }
    head.fieldCount = this.#fieldCount;
  }

  release(): void {
    if (this.#chunk >= 0) this.#slab.release(this.#chunk);
    this.#chunk = -1;
  }
}

/** Of a request that opens no tunnel. */
function planOf({ versionMinor, keepAlive }: Http1Head): HeadPlan {
  return { connection: versionMinor === 0 && keepAlive ? 'keep-alive' : 'none', edits: null, insert: NO_FIELDS };
}

function sizeOf(head: MessageHead): number {
  let size = head.methodLength + head.targetLength + head.authorityLength + head.fieldCount * WORDS * 4;
  if (head instanceof Http2Head) size += head.schemeLength;
  for (let i = 0; i < head.fieldCount; i++) size += head.nameLength[i] + head.valueLength[i];
  return size;
}

/** Host becomes the authority; the rest is between neighbours only (RFC 9110 7.6.1, RFC 9113 8.2.2). */
function isForOneHop(bytes: Buffer, head: Http1Head, i: number): boolean {
  switch (head.fieldKind[i]) {
    case FIELD_HOST:
    case FIELD_CONNECTION:
    case FIELD_HOP:
    case FIELD_KEEP_ALIVE:
    case FIELD_TE:
    case FIELD_TRANSFER_ENCODING:
    case FIELD_UPGRADE:
      return true;
    default:
      return head.nominatedCount > 0 && isNominated(bytes, head, i);
  }
}
