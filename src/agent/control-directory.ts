import { createHash } from 'node:crypto';
import { directoryKey, directoryPartOf } from '../contract/directory-parts.ts';
import type { Generation } from '../contract/messages.ts';
import { type DirectoryView, isNewer, type ServiceKey, type ViewVersion } from '../contract/views.ts';
import { compareGenerations } from './control-generation.ts';
import { type PackedServices, packedDirectory, packServices, packsService } from './views/packed-directory.ts';

/** A change of many services writes many parts: they are put in force together, at the latest after this time. */
export const GATHER_MS = 50;

type Part = Omit<DirectoryView, 'services'> & { readonly packed: PackedServices };

/** A directory that is not in force yet. */
interface Due {
  /** Of its newest part. */
  readonly partKey: string;
  readonly version: Generation;
  /** In ms of the clock that the caller passes. */
  readonly since: number;
}

/** The directory put together from its parts. Incomplete while control cuts it anew: the one before then stays in force. */
export class DirectoryAssembly {
  readonly #parts = new Map<number, Part>();
  /** Of the newest part. */
  #layout = 1;
  #due: Due | null = null;

  /** The keys of all parts there should be. */
  keys(): string[] {
    return Array.from({ length: this.#layout }, (_, part) => directoryKey(part));
  }

  /** Takes a part that is newer than the one held. @returns whether a directory is due from now on (it was not before) */
  put(part: number, { services, ...head }: DirectoryView, now: number): boolean {
    const newest = this.#newest();
    this.#parts.set(part, { ...head, packed: packServices(services) });
    if (newest === null || isNewer(head.version, newest)) this.#layout = head.parts ?? 1;
    if (this.#whole() === null) return false;
    for (const held of this.#parts.keys()) if (held >= this.#layout) this.#parts.delete(held);
    const wasDue = this.#due !== null;
    this.#due = { partKey: directoryKey(part), version: head.version, since: this.#due?.since ?? now };
    return !wasDue;
  }

  /** Whether what was put is to be put in force: `meta` says that no more of it comes, or it has been waited for. */
  isDue(meta: Generation | null, now: number): boolean {
    if (this.#due === null) return false;
    const isComplete = meta !== null && compareGenerations(meta, this.#due.version) >= 0;
    return isComplete || now - this.#due.since >= GATHER_MS;
  }

  /** The directory to put in force, once, with the key of the part that came last; null: none is due. */
  take(): { readonly partKey: string; readonly view: DirectoryView } | null {
    const [due, parts] = [this.#due, this.#whole()];
    this.#due = null;
    return due === null || parts === null ? null : { partKey: due.partKey, view: merge(parts) };
  }

  /** The newest version among the parts; null while there is none. */
  version(): ViewVersion | null {
    return this.#newest();
  }

  /** Whether the part that should have the service has it; call for a complete directory. */
  has(key: ServiceKey): boolean {
    const part = this.#parts.get(directoryPartOf(key, this.#layout));
    return part !== undefined && packsService(part.packed, key);
  }

  /** All parts in order; null while some of their layout are missing. */
  #whole(): Part[] | null {
    const parts: Part[] = [];
    for (let i = 0; i < this.#layout; i++) {
      const held = this.#parts.get(i);
      if (held === undefined || (held.parts ?? 1) !== this.#layout) return null;
      parts.push(held);
    }
    return parts;
  }

  #newest(): ViewVersion | null {
    let newest: ViewVersion | null = null;
    for (const { version } of this.#parts.values()) {
      if (newest === null || isNewer(version, newest)) newest = version;
    }
    return newest;
  }
}

/** The version of a whole of several parts is that of its newest one, with a hash over all of them. */
function merge(parts: readonly Part[]): DirectoryView {
  const packed = parts.map((part) => part.packed);
  const [only] = parts;
  if (only !== undefined && parts.length === 1) {
    const { packed: _, ...head } = only;
    return packedDirectory(head, packed);
  }
  const hash = createHash('sha256');
  let newest: ViewVersion | null = null;
  let egress: DirectoryView['egress'];
  for (const part of parts) {
    hash.update(part.version.hash);
    if (newest === null || isNewer(part.version, newest)) newest = part.version;
    egress = part.egress ?? egress;
  }
  const { epoch, gen } = newest ?? { epoch: 0, gen: 0 };
  const version = { epoch, gen, hash: hash.digest('hex').slice(0, 16) };
  return packedDirectory({ version, parts: parts.length, ...(egress === undefined ? {} : { egress }) }, packed);
}
