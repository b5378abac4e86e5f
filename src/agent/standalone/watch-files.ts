/** Notices that files may have changed: the kernel's word at once, and a look every few seconds in case it said nothing. */
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

/** An editor writes a file in several steps: wait for this much quiet. Shorter than `LOOK_MS`, or it would never end. */
const DEBOUNCE_MS = 100;
/** Network file systems and replaced directories send no events. */
const LOOK_MS = 2_000;

export class FileWatch {
  readonly #paths: readonly string[];
  readonly #onChange: () => Promise<void>;
  readonly #watchers: FSWatcher[] = [];
  #debounce: NodeJS.Timeout | null = null;
  #look: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param onChange must not reject; never runs twice at the same time. It may be called when nothing has changed. */
  constructor(paths: readonly string[], onChange: () => Promise<void>) {
    this.#paths = paths;
    this.#onChange = onChange;
  }

  start(): void {
    // The parent too: a file that is replaced by rename is a new file, which a watch on the old one never sees.
    const places = new Set(this.#paths.flatMap((path) => [path, dirname(path)]));
    for (const place of places) this.#watch(place);
    this.#look = setInterval(() => this.#changed(), LOOK_MS);
  }

  /** Resolves when a change that is being handled is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const watcher of this.#watchers) watcher.close();
    if (this.#debounce !== null) clearTimeout(this.#debounce);
    if (this.#look !== null) clearInterval(this.#look);
    await this.#running;
  }

  #watch(place: string): void {
    try {
      const watcher = watch(place, () => this.#changed());
      // A watch that breaks (directory removed, too many watches) is replaced by the regular look.
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // Same.
    }
  }

  #changed(): void {
    if (this.#debounce !== null) clearTimeout(this.#debounce);
    this.#debounce = setTimeout(() => {
      this.#debounce = null;
      this.#running = this.#running.then(() => (this.#stopped ? undefined : this.#onChange()));
    }, DEBOUNCE_MS);
  }
}
