/** Memory for decoded strings, shared by all decoders of a thread. */
import { SectionMemory } from './hpack-memory.ts';
import { STATIC_BYTES } from './static-table.ts';

/** The memory that all offsets refer to; a Slab is one. */
export interface Memory {
  /** index == offset */
  readonly bytes: Buffer;
  /** Over the same memory. */
  readonly view: DataView;
}

/** Room for several of the largest heads, so that what repeats is still there when it comes again. */
export const HEAD_AREA_BYTES = 512 * 1024;

/**
 * Strings are put one behind the other; when the end is reached, a new lap begins at the front and all that was remembered
 * of the last one is forgotten. A head's bytes stay until a later decoding begins a lap.
 */
export class HeadArea {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Where the strings of the static table lie, for good. */
  readonly staticAt: number;
  /** What was put here in another lap is gone. */
  lap = 0;
  /** Where the next string goes. */
  next: number;
  readonly end: number;
  /** Sections seen lately, with the heads that they gave. */
  readonly sections = new SectionMemory();
  readonly #start: number;

  /** Takes `length` bytes of the memory from `at` for good. */
  constructor(memory: Memory, at: number, length: number) {
    this.bytes = memory.bytes;
    this.view = memory.view;
    this.staticAt = at;
    this.end = at + length;
    this.#start = at + STATIC_BYTES.length;
    this.next = this.#start;
    if (length < 2 * STATIC_BYTES.length || this.end > memory.bytes.length) throw new RangeError('no room for heads');
    memory.bytes.set(STATIC_BYTES, at);
  }

  /** Bytes that one lap has. */
  get capacity(): number {
    return this.end - this.#start;
  }

  /** True for offsets whose bytes stay as long as the lap lasts. */
  holds(at: number): boolean {
    return at >= this.staticAt && at < this.end;
  }

  /** Makes sure that `room` bytes follow `next`, which must be at most `capacity`. Heads decoded before are gone. */
  reserve(room: number): void {
    if (this.end - this.next >= room) return;
    this.next = this.#start;
    this.lap++;
  }
}
