/** Runs tasks one after the other, in the order they came: mutations never interleave. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Resolves or rejects as the task does; a failing task does not stop the ones behind it. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#length++;
    const result = this.#tail.then(task).finally(() => {
      this.#length--;
    });
    this.#tail = result.catch(() => {});
    return result;
  }
}
