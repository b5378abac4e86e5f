/** The streams of a session that are not over, by id: an open-addressed table, because ids grow for ever and lookups are hot. */
import type { Http2Stream } from './http2-stream.ts';

const FIRST_SIZE = 32;

export class LiveStreams {
  #slots: (Http2Stream | null)[] = new Array<Http2Stream | null>(FIRST_SIZE).fill(null);
  #mask = FIRST_SIZE - 1;
  /** Number of streams. */
  size = 0;

  find(id: number): Http2Stream | null {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let i = (id >>> 1) & mask; ; i = (i + 1) & mask) {
      const stream = slots[i];
      if (stream === null || stream.id === id) return stream;
    }
  }

  add(stream: Http2Stream): void {
    if (this.size * 2 >= this.#slots.length) this.#grow();
    this.#put(stream);
    this.size++;
  }

  /** Takes the stream out, closing the gap so that every other one is still found. */
  remove(stream: Http2Stream): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let gap = (stream.id >>> 1) & mask;
    while (slots[gap] !== stream) {
      if (slots[gap] === null) return;
      gap = (gap + 1) & mask;
    }
    this.size--;
    for (let i = (gap + 1) & mask; ; i = (i + 1) & mask) {
      const other = slots[i];
      if (other === null) break;
      const home = (other.id >>> 1) & mask;
      // It may move into the gap unless its home lies behind the gap.
      if (((i - home) & mask) < ((i - gap) & mask)) continue;
      slots[gap] = other;
      gap = i;
    }
    slots[gap] = null;
  }

  /** A copy, so that the streams may end while it is walked. */
  list(): Http2Stream[] {
    return this.#slots.filter((stream) => stream !== null);
  }

  #put(stream: Http2Stream): void {
    let i = (stream.id >>> 1) & this.#mask;
    while (this.#slots[i] !== null) i = (i + 1) & this.#mask;
    this.#slots[i] = stream;
  }

  #grow(): void {
    const streams = this.list();
    this.#slots = new Array<Http2Stream | null>(this.#slots.length * 2).fill(null);
    this.#mask = this.#slots.length - 1;
    for (const stream of streams) this.#put(stream);
  }
}
