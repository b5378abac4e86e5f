/**
 * Field sections that come again and again, as those of a client that repeats its request do: if the bytes and the table are
 * those of last time, so is the head. A section gets here when it is seen twice and does not change the table.
 */
import { equalRuns } from './hpack-hash.ts';
import { type HeadKind, Http2Head } from './http2-head.ts';

/** Longer encoded sections are not remembered. */
export const REMEMBERED_BYTES = 1024;
const SLOTS = 256;

/** What names a section: nothing else enters into its decoding. */
export interface SectionKey {
  hash: number;
  /** Of the dynamic table: a number that no other state of any table has. */
  version: number;
  at: number;
  length: number;
  kind: HeadKind;
}

class Section {
  hash = 0;
  version = -1;
  length = 0;
  kind: HeadKind = 'request';
  lap = -1;
  blockAt = 0;
  head = new Http2Head(8);
}

export class SectionMemory {
  readonly #sections: (Section | undefined)[] = new Array<Section | undefined>(SLOTS).fill(undefined);
  /** Hashes of sections seen once. */
  readonly #seen = new Int32Array(SLOTS);

  /** The head of that section, or null. `lap`: of the area, whose bytes its fields refer to. */
  find(view: DataView, key: SectionKey, lap: number): Http2Head | null {
    const section = this.#sections[slotOf(key)];
    if (section === undefined || section.hash !== key.hash || section.version !== key.version) return null;
    if (section.lap !== lap || section.length !== key.length || section.kind !== key.kind) return null;
    return equalRuns(view, section.blockAt, view, key.at, key.length) ? section.head : null;
  }

  /** True for a section that was seen before, and should now be kept. */
  isSeen(key: SectionKey): boolean {
    const slot = slotOf(key);
    if (this.#seen[slot] === key.hash) return true;
    this.#seen[slot] = key.hash;
    return false;
  }

  /** Keeps the head. The section's bytes were copied to `blockAt`, where what refers to them finds them from now on. */
  keep(key: SectionKey, lap: number, blockAt: number, head: Http2Head): void {
    const slot = slotOf(key);
    const section = this.#sections[slot] ?? new Section();
    this.#sections[slot] = section;
    section.hash = key.hash;
    section.version = key.version;
    section.length = key.length;
    section.kind = key.kind;
    section.lap = lap;
    section.blockAt = blockAt;
    if (section.head.nameAt.length < head.fieldCount) section.head = new Http2Head((head.fieldCount + 7) & ~7);
    section.head.assign(head);
    section.head.move(key.at, key.at + key.length, blockAt - key.at);
  }
}

function slotOf(key: SectionKey): number {
  return (key.hash ^ Math.imul(key.version, 0x9e3779b1)) & (SLOTS - 1);
}
