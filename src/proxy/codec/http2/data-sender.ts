/**
 * DATA out, within the peer's windows (RFC 9113 5.2). What they, or a full socket, do not allow is kept back per stream and leaves
 * later, a frame of each stream in turn.
 */
import { SlabExhausted } from '../../../reactor/slab.ts';
import type { MessageHead } from '../message-head.ts';
import { DATA, FLAG_END_STREAM, FRAME_HEADER, INITIAL_WINDOW, MAX_31_BIT, writeFrameHeader } from './frames.ts';
import { END_NONE, END_WITH_DATA, END_WITH_TRAILERS, type Http2Stream } from './http2-stream.ts';
import { KeptBytes } from './kept-bytes.ts';
import { readTrailers } from './kept-trailers.ts';
import type { SessionCore } from './session-core.ts';

/** Large chunks of the slab that are left to others: a stream that keeps data back does not take the last ones. */
const CHUNKS_FOR_OTHERS = 32;
/** Once a session's streams take more than so many bytes for each large chunk there is, they take small ones. */
const AMPLE_PER_CHUNK = 1024;
/** A frame at the end of the chunk that would carry less waits for a new chunk. */
const LEAST_SPLIT = 1024;

export class DataSender {
  readonly #core: SessionCore;
  readonly #sendTrailers: (stream: Http2Stream, head: MessageHead) => void;
  /** Bytes that the peer lets us send on all streams together. */
  window = INITIAL_WINDOW;
  /** Streams with data kept back that may go once the connection's window and the socket allow. */
  #first: Http2Stream | null = null;
  #last: Http2Stream | null = null;

  constructor(core: SessionCore, sendTrailers: (stream: Http2Stream, head: MessageHead) => void) {
    this.#core = core;
    this.#sendTrailers = sendTrailers;
  }

  /** Sends, or keeps back, all of it. Returns false when something is kept back. @throws SlabExhausted with nothing of the rest kept */
  send(stream: Http2Stream, at: number, length: number, end: boolean): boolean {
    if (end) stream.localEnded = true;
    if (stream.kept !== null || (length > 0 && (this.#core.output.blocked || this.#first !== null))) {
      return this.#keep(stream, at, length, end);
    }
    let from = at;
    let left = length;
    do {
      const n = this.#frameSize(stream, left);
      if (n === 0 && left > 0) return this.#keep(stream, from, left, end);
      left -= n;
      this.#write(stream, from, n, end && left === 0);
      from += n;
    } while (left > 0);
    if (end) this.#core.endLocal(stream);
    return true;
  }

  /** Ends our message with an empty frame. @throws SlabExhausted */
  sendEnd(stream: Http2Stream): void {
    this.#write(stream, 0, 0, true);
    this.#core.endLocal(stream);
  }

  /** WINDOW_UPDATE for the connection; false: beyond 2^31 - 1. */
  widen(increment: number): boolean {
    if (this.window + increment > MAX_31_BIT) return false;
    this.window += increment;
    if (this.#first !== null) this.#core.output.requestFlush();
    return true;
  }

  /** WINDOW_UPDATE or SETTINGS for a stream; false: beyond 2^31 - 1. */
  widenStream(stream: Http2Stream, increment: number): boolean {
    if (stream.sendWindow + increment > MAX_31_BIT) return false;
    stream.sendWindow += increment;
    if (stream.kept !== null && stream.sendWindow > 0) this.#queue(stream);
    return true;
  }

  /** Sends what is kept back as far as windows and socket allow. */
  pump(): void {
    const { output } = this.#core;
    while (this.#first !== null && !output.blocked && !this.#core.isOver) {
      const stream = this.#first;
      if (stream.kept !== null && this.window <= 0) return;
      this.#first = stream.next;
      if (this.#first === null) this.#last = null;
      stream.next = null;
      stream.isQueued = false;
      if (stream.kept !== null) this.#sendKept(stream, stream.kept);
    }
  }

  #sendKept(stream: Http2Stream, kept: KeptBytes): void {
    const n = this.#frameSize(stream, kept.contiguous);
    if (n === 0) return;
    const isLast = n === kept.length;
    this.#write(stream, kept.at, n, isLast && stream.keptEnd === END_WITH_DATA);
    const before = kept.capacity;
    kept.consume(n);
    this.#core.keptBytes -= n;
    this.#core.keptMemory -= before - kept.capacity;
    stream.movedAt = this.#core.now;
    if (!isLast) return this.#queue(stream);
    if (stream.keptEnd === END_WITH_TRAILERS) {
      const trailers = readTrailers(this.#core.memory.slab, kept.trailers);
      this.#sendTrailers(stream, trailers);
    }
    this.#core.dropKept(stream);
    if (stream.keptEnd === END_WITH_DATA) this.#core.endLocal(stream);
    stream.keptEnd = END_NONE;
    if (!stream.owesWritable) return;
    stream.owesWritable = false;
    stream.user?.onWritable();
  }

  /** Bytes of `left` that one frame may carry now. */
  #frameSize(stream: Http2Stream, left: number): number {
    const { output, peer } = this.#core;
    const n = Math.min(left, stream.sendWindow, this.window, peer.maxFrame);
    if (n <= 0 || output.blocked) return 0;
    const room = output.room - FRAME_HEADER;
    return n > room && room >= LEAST_SPLIT ? room : n;
  }

  #write(stream: Http2Stream, at: number, length: number, end: boolean): void {
    const { output, abuse } = this.#core;
    const to = output.reserve(FRAME_HEADER + length);
    writeFrameHeader(output.bytes, to, length, DATA, end ? FLAG_END_STREAM : 0, stream.id);
    if (length > 0) output.bytes.copyWithin(to + FRAME_HEADER, at, at + length);
    output.commit(FRAME_HEADER + length);
    stream.sendWindow -= length;
    this.window -= length;
    abuse.earnData();
  }

  #keep(stream: Http2Stream, at: number, length: number, end: boolean): false {
    const { memory, config, now } = this.#core;
    if (end) stream.keptEnd = END_WITH_DATA;
    stream.owesWritable = true;
    if (stream.kept === null) {
      stream.kept = new KeptBytes(memory.slab);
      stream.movedAt = now;
    }
    const before = stream.kept.capacity;
    const { length: bytesBefore } = stream.kept;
    if (memory.slab.freeLargeChunks < CHUNKS_FOR_OTHERS || this.#core.keptBytes + length > config.maxKeptBytes) {
      throw new SlabExhausted('too much is kept back');
    }
    try {
      const isThrifty = this.#core.keptMemory > memory.slab.largeChunks * AMPLE_PER_CHUNK;
      stream.kept.append(at, length, isThrifty);
    } finally {
      this.#core.keptBytes += stream.kept.length - bytesBefore;
      this.#core.keptMemory += stream.kept.capacity - before;
    }
    if (stream.sendWindow > 0) this.#queue(stream);
    return false;
  }

  #queue(stream: Http2Stream): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    if (this.#last === null) this.#first = stream;
    else this.#last.next = stream;
    this.#last = stream;
    if (!this.#core.output.blocked) this.#core.output.requestFlush();
  }
}
