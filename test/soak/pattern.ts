/**
 * What every stream carries: cells of 16 bytes that name the stream and their own place in it. A byte of another connection, a byte
 * twice and a byte left out all show at once. Pure.
 */

const CELL = 16;

export type Direction = 'up' | 'down';

/** Bytes `from` to `from + length` of a stream. */
export function patternBytes(stream: number, direction: Direction, from: number, length: number): Buffer {
  const first = Math.floor(from / CELL);
  const last = Math.ceil((from + length) / CELL);
  const cells = new DataView(new ArrayBuffer((last - first) * CELL));
  for (let cell = first; cell < last; cell++) {
    const at = (cell - first) * CELL;
    cells.setFloat64(at, stream);
    cells.setUint32(at + 8, cell);
    cells.setUint32(at + 12, direction === 'up' ? 0x75707570 : 0x646f776e);
  }
  return Buffer.from(cells.buffer, from - first * CELL, length);
}

/** Checks a stream as it comes. */
export class PatternCheck {
  readonly #stream: number;
  readonly #direction: Direction;
  #at = 0;

  constructor(stream: number, direction: Direction) {
    this.#stream = stream;
    this.#direction = direction;
  }

  /** Bytes seen so far. */
  get seen(): number {
    return this.#at;
  }

  /** null when the chunk is what has to come next, else a sentence. */
  take(chunk: Buffer): string | null {
    const expected = patternBytes(this.#stream, this.#direction, this.#at, chunk.length);
    if (!expected.equals(chunk)) {
      const bad = chunk.findIndex((byte, i) => byte !== expected[i]);
      const found = chunk.subarray(Math.max(0, bad - 16), bad + 32).toString('hex');
      return `stream ${this.#stream} ${this.#direction}: wrong byte at ${this.#at + bad} (around it: ${found})`;
    }
    this.#at += chunk.length;
    return null;
  }
}
