/** Tells a client that is merely slow from one that keeps a message, and the memory it takes, waiting. Pure. */

/** What a connection waits for: bytes of a body from the client, or that the client takes bytes. */
export type Expected = 'nothing' | 'send' | 'take';

export class StallWatch {
  #expected: Expected = 'nothing';
  #since = 0;
  #moved = 0;
  #interruptions = 0;

  /**
   * One look at a connection.
   * @param moved bytes that have moved so far in the direction that is waited for
   * @param interruptions how often the client was made to wait by others: then it is not to blame, and a new window begins
   * @param bytesPerSecond what a client must send on average; 0: one byte in `limitMs` will do
   * @returns true when the client has done too little for `limitMs`
   */
  look(
    now: number,
    expected: Expected,
    moved: number,
    interruptions: number,
    limitMs: number,
    bytesPerSecond: number,
  ): boolean {
    const rate = expected === 'send' ? bytesPerSecond : 0;
    const enough = Math.max(1, (rate * (now - this.#since)) / 1000);
    const goesOn = expected === this.#expected && interruptions === this.#interruptions && expected !== 'nothing';
    if (goesOn && moved - this.#moved < enough) return now - this.#since >= limitMs;
    this.#expected = expected;
    this.#since = now;
    this.#moved = moved;
    this.#interruptions = interruptions;
    return false;
  }
}
