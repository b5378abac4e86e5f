/** Counts changes and how many of them are published, and wakes those who wait for theirs. Pure but for the waiters. */
export class PublishCount {
  #changes = 0;
  #published = 0;
  readonly #waiters: (() => void)[] = [];

  get changes(): number {
    return this.#changes;
  }

  changed(): void {
    this.#changes++;
  }

  /** The first `changes` changes are in a complete generation now. */
  published(changes: number): void {
    this.#published = changes;
    this.wake();
  }

  /** Those who wait look again, as when nothing is under way any more. */
  wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Waits while `working` until every change made before the call is published. @returns whether all are. */
  async wait(working: () => boolean): Promise<boolean> {
    const wanted = this.#changes;
    while (working() && this.#published < wanted) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    return this.#published >= wanted;
  }
}
