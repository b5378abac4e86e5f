import { createHash } from 'node:crypto';
import { directoryKey, directoryPartOf } from '../contract/directory-parts.ts';
import { type DirectoryView, isNewer, type ServiceKey, type ViewVersion } from '../contract/views.ts';

/** The directory put together from its parts. Incomplete while control cuts it anew: the one before then stays in force. */
export class DirectoryAssembly {
  readonly #parts = new Map<number, DirectoryView>();
  /** Of the newest part. */
  #layout = 1;

  /** The keys of all parts there should be. */
  keys(): string[] {
    return Array.from({ length: this.#layout }, (_, part) => directoryKey(part));
  }

  /** Takes a part that is newer than the one held; the whole directory, or null while parts of its layout are missing. */
  put(part: number, view: DirectoryView): DirectoryView | null {
    const newest = this.#newest();
    this.#parts.set(part, view);
    if (newest === null || isNewer(view.version, newest)) this.#layout = view.parts ?? 1;
    const parts = this.keys().map((_, i) => this.#parts.get(i));
    const whole = parts.filter((held) => held !== undefined && (held.parts ?? 1) === this.#layout);
    if (whole.length < this.#layout) return null;
    for (const held of this.#parts.keys()) if (held >= this.#layout) this.#parts.delete(held);
    return this.#layout === 1 ? view : merge(whole.filter((held) => held !== undefined));
  }

  /** The newest version among the parts; null while there is none. */
  version(): ViewVersion | null {
    return this.#newest();
  }

  /** Whether the part that should have the service has it; call for a complete directory. */
  has(key: ServiceKey): boolean {
    const part = this.#parts.get(directoryPartOf(key, this.#layout));
    return part?.services.some(({ namespace, name }) => `${namespace}/${name}` === key) === true;
  }

  #newest(): ViewVersion | null {
    let newest: ViewVersion | null = null;
    for (const { version } of this.#parts.values()) {
      if (newest === null || isNewer(version, newest)) newest = version;
    }
    return newest;
  }
}

/** The version of the whole is that of its newest part, with a hash over all of them. */
function merge(parts: readonly DirectoryView[]): DirectoryView {
  const hash = createHash('sha256');
  let newest: ViewVersion | null = null;
  let egress: DirectoryView['egress'];
  for (const part of parts) {
    hash.update(part.version.hash);
    if (newest === null || isNewer(part.version, newest)) newest = part.version;
    egress = part.egress ?? egress;
  }
  const { epoch, gen } = newest ?? { epoch: 0, gen: 0 };
  return {
    version: { epoch, gen, hash: hash.digest('hex').slice(0, 16) },
    parts: parts.length,
    services: parts.flatMap((part) => part.services),
    ...(egress === undefined ? {} : { egress }),
  };
}
