/**
 * Bytes of the peer, in whatever pieces they arrive, into frames. DATA is handed on as it arrives and never kept; what does not
 * matter is skipped; the other frames are handed over whole, kept in one chunk until then.
 */
import type { Slab } from '../../../reactor/slab.ts';
import { SlabStash } from '../../slab-stash.ts';
import { FRAME_SIZE_ERROR, INTERNAL_ERROR, PROTOCOL_ERROR } from './error-codes.ts';
import { CONTINUATION, DATA, FLAG_PADDED, FRAME_HEADER, readUint24, readUint31 } from './frames.ts';

export interface FrameSink {
  /** The session has failed or was closed: nothing more is read. */
  readonly isOver: boolean;
  /** Enough for this turn: the rest is kept for `readOn`. */
  readonly isSated: boolean;
  /** A whole frame, not DATA and of a known type; the payload lies at `at`. */
  onFrame(type: number, flags: number, streamId: number, at: number, length: number): void;
  /** A DATA frame begins; `length` counts against the windows. Its bytes follow in one or more `onDataBytes`. */
  onDataFrame(flags: number, streamId: number, length: number): void;
  /** Bytes of the frame without padding. `isLast`: the frame has no more; may come with no bytes. */
  onDataBytes(at: number, length: number, isLast: boolean): void;
  /** Bytes of padding, its length field included. */
  onPadding(length: number): void;
  /** A frame of an unknown type, skipped (RFC 9113 4.1). */
  onUnknownFrame(): void;
  fail(code: number, sentence: string): void;
}

export class FrameReader {
  readonly #bytes: Uint8Array;
  readonly #stash: SlabStash;
  readonly #sink: FrameSink;
  readonly #maxFrame: number;
  /** Payload bytes of the DATA frame, or of the frame to be skipped, that are still to come; then padding. */
  #left = 0;
  #padding = 0;
  #skips = false;
  /** The next byte is the pad length of a DATA frame. */
  #awaitsPadLength = false;

  constructor(slab: Slab, maxFrame: number, sink: FrameSink) {
    this.#bytes = slab.bytes;
    this.#stash = new SlabStash(slab);
    this.#maxFrame = maxFrame;
    this.#sink = sink;
  }

  /** What was received is not all handled: `readOn` goes on. */
  hasUnread = false;

  /** A frame other than DATA, or the header of a frame, is here in part. */
  get isIncomplete(): boolean {
    return this.#stash.length > 0;
  }

  /** Takes all bytes. @throws SlabExhausted */
  receive(at: number, length: number): void {
    const end = at + length;
    let from = at;
    const sink = this.#sink;
    while (this.#stash.length > 0 && from < end && !sink.isOver && !this.hasUnread) from = this.#complete(from, end);
    if (!sink.isOver && !this.hasUnread) from = this.#read(from, end);
    if (sink.isOver || from === end || this.#stash.append(from, end - from)) return;
    sink.fail(INTERNAL_ERROR, 'more was received than can wait');
  }

  /** Goes on with what `receive` left. @throws SlabExhausted */
  readOn(): void {
    const stash = this.#stash;
    this.hasUnread = false;
    const used = this.#read(stash.at, stash.at + stash.length) - stash.at;
    if (!this.#sink.isOver) stash.consume(used);
  }

  clear(): void {
    this.#stash.clear();
    this.hasUnread = false;
  }

  /** Adds to the frame begun earlier no more than what it lacks. Returns where the rest begins. */
  #complete(at: number, end: number): number {
    const stash = this.#stash;
    const whole = stash.length < FRAME_HEADER ? FRAME_HEADER : FRAME_HEADER + readUint24(this.#bytes, stash.at);
    const n = Math.min(whole - stash.length, end - at);
    stash.append(at, n);
    const used = this.#read(stash.at, stash.at + stash.length) - stash.at;
    if (!this.#sink.isOver) stash.consume(used);
    return at + n;
  }

  /** Handles what is complete in `at` ... `end`; returns where the incomplete rest begins. */
  #read(at: number, end: number): number {
    const sink = this.#sink;
    const bytes = this.#bytes;
    let from = at;
    while (!sink.isOver) {
      if (this.#left + this.#padding > 0) {
        from = this.#pass(from, end);
        if (from === end) return from;
        continue;
      }
      if (end - from < FRAME_HEADER) return from;
      if (sink.isSated) {
        this.hasUnread = true;
        return from;
      }
      const length = readUint24(bytes, from);
      const type = bytes[from + 3];
      if (length > this.#maxFrame) {
        sink.fail(FRAME_SIZE_ERROR, `the peer sent a frame of ${length} bytes, ${this.#maxFrame} are allowed`);
      } else if (type === DATA) {
        this.#beginData(bytes[from + 4], readUint31(bytes, from + 5), length);
        from += FRAME_HEADER;
      } else if (type > CONTINUATION) {
        this.#left = length;
        this.#skips = true;
        sink.onUnknownFrame();
        from += FRAME_HEADER;
      } else if (end - from < FRAME_HEADER + length) return from;
      else {
        sink.onFrame(type, bytes[from + 4], readUint31(bytes, from + 5), from + FRAME_HEADER, length);
        from += FRAME_HEADER + length;
      }
    }
    return end;
  }

  #beginData(flags: number, streamId: number, length: number): void {
    const isPadded = (flags & FLAG_PADDED) !== 0;
    if (isPadded && length === 0) {
      return this.#sink.fail(FRAME_SIZE_ERROR, 'a padded DATA frame without a pad length');
    }
    this.#left = length;
    this.#skips = false;
    this.#awaitsPadLength = isPadded;
    this.#sink.onDataFrame(flags, streamId, length);
    if (length === 0 && !this.#sink.isOver) this.#sink.onDataBytes(0, 0, true);
  }

  /** Hands on, or skips, what has arrived of the payload. */
  #pass(at: number, end: number): number {
    if (at === end) return at;
    if (this.#awaitsPadLength) return this.#readPadLength(at);
    if (this.#left > 0) {
      const n = Math.min(this.#left, end - at);
      this.#left -= n;
      if (!this.#skips) this.#sink.onDataBytes(at, n, this.#left === 0);
      return at + n;
    }
    const n = Math.min(this.#padding, end - at);
    this.#padding -= n;
    return at + n;
  }

  #readPadLength(at: number): number {
    const padding = this.#bytes[at];
    this.#awaitsPadLength = false;
    if (padding >= this.#left) {
      this.#sink.fail(PROTOCOL_ERROR, 'the padding of a DATA frame is as long as the frame');
      return at + 1;
    }
    this.#left -= 1 + padding;
    this.#padding = padding;
    this.#sink.onPadding(1 + padding);
    if (this.#left === 0) this.#sink.onDataBytes(at + 1, 0, true);
    return at + 1;
  }
}
