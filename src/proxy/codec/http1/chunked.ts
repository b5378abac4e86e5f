/**
 * Chunked bodies (RFC 9112 7.1): decoded by llhttp, written again with our own chunk lines, so that chunk extensions and
 * any oddity of the sender's framing end here. Bodies and their parsers come from a fixed pool.
 */
import { type Llhttp, REQUEST } from './llhttp.ts';
import { type Refusal, type RefusalId, refusal } from './refusals.ts';
import { LLHTTP_OK, LLHTTP_PAUSED, LLHTTP_USER, Spans } from './spans.ts';
import { TRAILER_LIMIT, TrailerSection } from './trailers.ts';

/** Output room that each call needs at least. */
export const CHUNKED_MIN_OUT = 64;

/** Longest chunk line with its extensions, without line breaks, unless the pool is told otherwise. */
export const DEFAULT_CHUNK_LINE_BYTES = 256;
/** The line breaks before and after a chunk line. */
const LINE_BREAKS = 4;
/** Framing bytes beyond 16 per chunk and twice the data: what a body may waste on tiny chunks and extensions in all. */
const WASTE_LIMIT = 16_384;
const WASTE_PER_CHUNK = 16;
/** Our chunk line, the line break after the data, and the last chunk, at most. */
const FRAME_BYTES = 32;
/** Smallest chunk in the input: `1 CRLF x CRLF`. */
const MIN_CHUNK_BYTES = 6;
const SPANS = 11_000;
/** Most input that one parser run can be given without filling the recorder. */
const MAX_INPUT = (SPANS - 2) * MIN_CHUNK_BYTES;
/** A trailer line has four bytes at least, so this many never fit into the limit. */
const TRAILER_FIELDS = TRAILER_LIMIT / 4 + 1;
const PREFIX = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** One chunked body on its way through. Use it until `done` or `error`, then give it back to the pool. */
export class ChunkedBody {
  /** Input bytes used by the last call. */
  consumed = 0;
  /** Data bytes, without framing, that have passed in this body. */
  dataBytes = 0;
  /** The end, trailers included, was consumed and written. */
  done = false;
  /** Why the body is refused. Close the connection; nothing of it can be trusted. */
  error: Refusal | null = null;
  readonly #llhttp: Llhttp;
  readonly #spans: Spans;
  readonly #parser: number;
  readonly #start: number;
  readonly #gapLimit: number;
  #isRequest = true;
  /** Bytes of framing since the last data byte. */
  #gap = 0;
  #waste = 0;
  #trailers: TrailerSection | null = null;
  /** Set at the end of the input: what is still to be written of the last chunk and the trailers. */
  #ending: Buffer | null = null;

  constructor(llhttp: Llhttp, spans: Spans, parser: number, start: number, lineLimit: number) {
    this.#llhttp = llhttp;
    this.#spans = spans;
    this.#parser = parser;
    this.#start = start;
    this.#gapLimit = lineLimit + LINE_BREAKS;
  }

  /** The input is at its end but not all output was written: call again, with any input. */
  get pending(): boolean {
    return this.#ending !== null && !this.done;
  }

  /** Makes it ready for a new body; the pool does this. */
  reset(isRequest: boolean): void {
    this.consumed = 0;
    this.dataBytes = 0;
    this.done = false;
    this.error = null;
    this.#isRequest = isRequest;
    // As if after data, whose line break counts with the chunk line behind it.
    this.#gap = LINE_BREAKS / 2;
    this.#waste = 0;
    this.#trailers = null;
    this.#ending = null;
    this.#llhttp.restore(this.#parser, this.#start);
  }

  /**
   * Decodes up to `length` bytes at `at` and writes them with our own framing at `outAt`, which must not overlap them.
   * Uses as much input as the output has room for (`consumed`). Returns bytes written, or -1 when refused (`error`).
   */
  reframe(at: number, length: number, outAt: number, outCapacity: number): number {
    return this.#run(at, length, outAt, outCapacity, true);
  }

  /** As `reframe`, but writes the data alone; trailers are checked and dropped. */
  decode(at: number, length: number, outAt: number, outCapacity: number): number {
    return this.#run(at, length, outAt, outCapacity, false);
  }

  #run(at: number, length: number, outAt: number, outCapacity: number, framed: boolean): number {
    this.consumed = 0;
    if (outCapacity < CHUNKED_MIN_OUT) throw new RangeError(`a chunked body needs ${CHUNKED_MIN_OUT} bytes of output`);
    if (this.error !== null) return -1;
    if (this.#ending !== null) return this.#writeEnding(outAt, outCapacity);
    const take = Math.min(length, outCapacity - FRAME_BYTES, MAX_INPUT);
    this.#spans.clear();
    const code = this.#llhttp.execute(this.#parser, at, take, this.#spans);
    const ended = code === LLHTTP_PAUSED && this.#spans.messageEnded;
    if (code !== LLHTTP_OK && !ended) return this.#refuse(code === LLHTTP_USER ? 'trailer-too-large' : 'bad-chunk');
    this.consumed = ended ? this.#llhttp.errorPosition(this.#parser) - at : take;
    const refused = this.#measure(at, at + this.consumed);
    if (refused !== null) return this.#refuse(refused);
    const written = this.#writeData(outAt, framed);
    if (!ended) return written;
    this.#ending = framed ? this.#renderEnding() : NOTHING;
    return written + this.#writeEnding(outAt + written, outCapacity - written);
  }

  /** Counts framing bytes between data, and sets the trailer section aside. Returns why the body is refused, or null. */
  #measure(at: number, end: number): RefusalId | null {
    const { bodyAt, bodyLength, bodyCount, fieldCount, nameAt } = this.#spans;
    let from = at;
    for (let i = 0; i < bodyCount; i++) {
      const dataAt = bodyAt[i] as number;
      const dataLength = bodyLength[i] as number;
      if (!this.#addGap(dataAt - from)) return 'chunk-line-too-long';
      if (this.#gap > 0) this.#waste += this.#gap - WASTE_PER_CHUNK;
      this.#waste = Math.max(0, this.#waste - 2 * dataLength);
      if (this.#waste > WASTE_LIMIT) return 'chunk-line-too-long';
      this.#gap = 0;
      this.dataBytes += dataLength;
      from = dataAt + dataLength;
    }
    if (this.#trailers === null) {
      const trailersAt = fieldCount > 0 ? (nameAt[0] as number) : end;
      if (!this.#addGap(trailersAt - from)) return 'chunk-line-too-long';
      if (fieldCount === 0) return null;
      this.#trailers = new TrailerSection();
      from = trailersAt;
    }
    return this.#trailers.add(this.#llhttp.bytes, from, end) ? null : 'trailer-too-large';
  }

  #addGap(bytes: number): boolean {
    this.#gap += bytes;
    return this.#gap <= this.#gapLimit;
  }

  /** One chunk with all data of this call. */
  #writeData(outAt: number, framed: boolean): number {
    const { bodyAt, bodyLength, bodyCount } = this.#spans;
    const { bytes } = this.#llhttp;
    let size = 0;
    for (let i = 0; i < bodyCount; i++) size += bodyLength[i] as number;
    if (size === 0) return 0;
    let out = outAt;
    if (framed) out = writeChunkLine(bytes, out, size);
    for (let i = 0; i < bodyCount; i++) {
      const from = bodyAt[i] as number;
      bytes.copyWithin(out, from, from + (bodyLength[i] as number));
      out += bodyLength[i] as number;
    }
    return framed ? writeBreak(bytes, out) - outAt : out - outAt;
  }

  #renderEnding(): Buffer {
    const lines = this.#trailers?.allowedLines();
    if (lines === undefined || lines.length === 0) return LAST_CHUNK;
    return Buffer.concat([LAST_CHUNK.subarray(0, 3), lines, LAST_CHUNK.subarray(3)]);
  }

  #writeEnding(outAt: number, outCapacity: number): number {
    const ending = this.#ending ?? NOTHING;
    const written = ending.copy(this.#llhttp.bytes, outAt, 0, outCapacity);
    this.#ending = ending.subarray(written);
    this.done = written === ending.length;
    return written;
  }

  #refuse(id: RefusalId): -1 {
    this.error = refusal(id, this.#isRequest);
    return -1;
  }
}

/** The size in hexadecimal and CRLF; returns the offset after it. */
function writeChunkLine(bytes: Buffer, at: number, size: number): number {
  let shift = 28;
  while (shift > 0 && size >>> shift === 0) shift -= 4;
  let out = at;
  for (; shift >= 0; shift -= 4) {
    const digit = (size >>> shift) & 15;
    bytes[out++] = digit < 10 ? 0x30 + digit : 0x57 + digit;
  }
  return writeBreak(bytes, out);
}

function writeBreak(bytes: Buffer, at: number): number {
  bytes[at] = 0x0d;
  bytes[at + 1] = 0x0a;
  return at + 2;
}

/** Bodies for one data thread; as many at once as `llhttp` has parsers. */
export class ChunkedPool {
  readonly #llhttp: Llhttp;
  readonly #free: ChunkedBody[] = [];
  readonly #spans = new Spans(TRAILER_FIELDS, SPANS);
  readonly #start: number;
  readonly #lineLimit: number;

  /** @param lineLimit bytes of a chunk line with its extensions */
  constructor(llhttp: Llhttp, lineLimit = DEFAULT_CHUNK_LINE_BYTES) {
    this.#llhttp = llhttp;
    this.#lineLimit = lineLimit;
    this.#start = llhttp.snapshotAfter(REQUEST, PREFIX, this.#spans);
  }

  /** `isRequest` false: refusals are worded as 502. null when every parser is in use: answer 503 or hold. */
  acquire(isRequest = true): ChunkedBody | null {
    const body = this.#free.pop() ?? this.#make();
    body?.reset(isRequest);
    return body;
  }

  release(body: ChunkedBody): void {
    this.#free.push(body);
  }

  #make(): ChunkedBody | null {
    const parser = this.#llhttp.acquireParser();
    return parser === 0 ? null : new ChunkedBody(this.#llhttp, this.#spans, parser, this.#start, this.#lineLimit);
  }
}
