/** More changed keys than this are not listed in `_meta`: agents then compare all that they hold. */
export const MAX_LISTED_KEYS = 500;

/** Keys written since the last complete generation, with the generation of their newest view. */
export class ChangedKeys {
  readonly #gens = new Map<string, number>();
  #unknown = false;

  note(key: string, gen: number): void {
    this.#gens.set(key, gen);
  }

  forget(key: string): void {
    this.#gens.delete(key);
  }

  /** An earlier run was cut off: it wrote keys that nobody remembers. */
  markUnknown(): void {
    this.#unknown = true;
  }

  /** For `_meta`; null = not known, or too many to list. */
  listed(): Record<string, number> | null {
    return this.#unknown || this.#gens.size > MAX_LISTED_KEYS ? null : Object.fromEntries(this.#gens);
  }

  clear(): void {
    this.#gens.clear();
    this.#unknown = false;
  }
}
