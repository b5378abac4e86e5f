/** Bytes of a client that no request has used yet, and how much of them a parse has already found incomplete. */
import { SlabStash } from './slab-stash.ts';

export class UnreadBytes extends SlabStash {
  /** Bytes that need not be looked at again without more. */
  seen = 0;

  get hasNew(): boolean {
    return this.length > this.seen;
  }

  /** What lies at `at`, here already or not, waits for more bytes, or for what its decision lacks. @throws SlabExhausted */
  setAside(at: number, length: number): void {
    if (this.length === 0) this.append(at, length);
    this.seen = this.length;
  }
}
