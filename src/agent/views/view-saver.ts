/** Keeps the last-known-good files up to date: changes are gathered for a while, then written once. */
import type { Logger } from '../../telemetry/logger.ts';
import { encodeSnapshot } from './encode-snapshot.ts';
import { saveSnapshot } from './snapshot-files.ts';
import type { ViewSnapshot } from './view-store.ts';

/** A thousand changes in a second cost one write. */
const GATHER_MS = 1_000;

export class ViewSaver {
  readonly #directory: string;
  readonly #mesh: string;
  readonly #read: () => ViewSnapshot;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  #written = 0;
  #failures = 0;

  /** @param read the views of the moment of writing. */
  constructor(directory: string, mesh: string, read: () => ViewSnapshot, logger: Logger) {
    this.#directory = directory;
    this.#mesh = mesh;
    this.#read = read;
    this.#logger = logger;
  }

  /** Notes that the views changed. */
  changed(): void {
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS);
  }

  /** Writes now what has changed; resolves when it is on disk (or has failed, which is logged: traffic goes on). */
  async flush(): Promise<void> {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#writing = this.#writing.then(() => this.#write());
    }
    await this.#writing;
  }

  counts(): { readonly written: number; readonly failures: number } {
    return { written: this.#written, failures: this.#failures };
  }

  async #write(): Promise<void> {
    try {
      await saveSnapshot(this.#directory, encodeSnapshot(this.#mesh, this.#read()));
      this.#written++;
    } catch (error) {
      this.#failures++;
      this.#logger.error({ directory: this.#directory, reason: (error as Error).message }, 'views could not be saved');
    }
  }
}
