import { directoryPartOf, MAX_DIRECTORY_PARTS } from '../contract/directory-parts.ts';
import { type DirectoryEntry, type DirectoryView, type ServiceKey, serviceKey } from '../contract/views.ts';
import { compileDirectory, compileDirectoryEntry, compileEgress, type ResourceIndex } from '../resources/index.ts';

/** Numbers of parts, each up to a number of services: an agent that missed something reads all of them. */
const CUTS = [
  { parts: 1, services: 256 },
  { parts: 16, services: 4_096 },
  { parts: MAX_DIRECTORY_PARTS, services: Number.POSITIVE_INFINITY },
] as const;

/** A part of the directory before it is given a version. */
export type DirectoryBody = Omit<DirectoryView, 'version'>;

/** The directory in its parts, kept equal to the resources: a change costs the part of its service, not the directory. */
export class DirectoryParts {
  readonly #resources: ResourceIndex;
  #parts: Map<ServiceKey, DirectoryEntry>[] = [new Map()];
  #size = 0;
  readonly #changed = new Set<number>([0]);

  constructor(resources: ResourceIndex) {
    this.#resources = resources;
  }

  get count(): number {
    return this.#parts.length;
  }

  /** Compiles all of it. `published`: the number of parts that lie in the store. */
  rebuild(published: number): void {
    const entries = compileDirectory(this.#resources);
    // It stays cut until there are half as many, so that a mesh at the border does not flap.
    const fits = CUTS.find(({ services }) => entries.length <= services)?.parts ?? 1;
    const stays = CUTS.find(({ services }) => entries.length * 2 <= services)?.parts ?? 1;
    this.#spread(entries, published > fits ? Math.min(published, stays) : fits);
  }

  /** These services came, changed or went. */
  update(keys: Iterable<ServiceKey>): void {
    for (const key of keys) {
      const part = directoryPartOf(key, this.#parts.length);
      const entries = this.#parts[part];
      const entry = compileDirectoryEntry(this.#resources, key);
      const had = entries?.delete(key) === true;
      if (entry !== null) entries?.set(key, entry);
      this.#size += (entry === null ? 0 : 1) - (had ? 1 : 0);
      if (had || entry !== null) this.#changed.add(part);
    }
    const fits = CUTS.find(({ services }) => this.#size <= services)?.parts ?? 1;
    if (fits <= this.#parts.length) return;
    this.#spread(
      this.#parts.flatMap((part) => [...part.values()]),
      fits,
    );
  }

  /** What programs may dial changed: it lies in the first part. */
  updateEgress(): void {
    this.#changed.add(0);
  }

  /** The parts that may differ from what was taken before, in order. */
  take(): { readonly part: number; readonly body: DirectoryBody }[] {
    const taken = [...this.#changed].sort((a, b) => a - b);
    this.#changed.clear();
    return taken.map((part) => ({ part, body: this.#bodyOf(part) }));
  }

  /** What was taken could not be published: it is taken again. */
  putBack(): void {
    for (let part = 0; part < this.#parts.length; part++) this.#changed.add(part);
  }

  #bodyOf(part: number): DirectoryBody {
    const entries = [...(this.#parts[part]?.entries() ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const services = entries.map(([, entry]) => entry);
    // Left out of a directory in one piece: it is then what it was before there were parts.
    const egress = part === 0 ? compileEgress(this.#resources) : undefined;
    return {
      ...(this.#parts.length === 1 ? {} : { parts: this.#parts.length }),
      services,
      ...(egress === undefined ? {} : { egress }),
    };
  }

  #spread(entries: readonly DirectoryEntry[], count: number): void {
    this.#parts = Array.from({ length: count }, () => new Map());
    this.#size = entries.length;
    for (const entry of entries) {
      const key = serviceKey(entry.namespace, entry.name);
      this.#parts[directoryPartOf(key, count)]?.set(key, entry);
    }
    this.putBack();
  }
}
