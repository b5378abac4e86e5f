/**
 * The streams that we reset last. Their peer may not have heard of it: what still comes for them is dropped, where for any other
 * closed stream it is an error (RFC 9113 5.1, closed).
 */
const SIZE = 256;

export class ResetMemory {
  #ids: Int32Array | null = null;
  #count = 0;

  add(id: number): void {
    this.#ids ??= new Int32Array(SIZE);
    this.#ids[this.#count++ % SIZE] = id;
  }

  /** Also true when so many were reset that nobody knows any more. */
  mayHave(id: number): boolean {
    return this.#ids !== null && (this.#count > SIZE || this.#ids.indexOf(id) >= 0);
  }
}
