/** How many lines of log something that others can cause may cost. What is not logged is counted all the same. */
export class LineGate {
  readonly #perSecond: number;
  #second = -1;
  #lines = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Whether a line may be written now. @param nowMs of any clock that does not go back */
  admits(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) this.#lines = 0;
    this.#second = second;
    return ++this.#lines <= this.#perSecond;
  }
}
