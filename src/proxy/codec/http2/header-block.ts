/** A head that comes in more than one frame: HEADERS, then CONTINUATIONs with nothing between them (RFC 9113 6.10). */
import { LARGE_CHUNK, type Slab } from '../../../reactor/slab.ts';
import { SlabStash } from '../../slab-stash.ts';

export class HeaderBlock {
  readonly #stash: SlabStash;
  readonly #maxBytes: number;
  readonly #maxFrames: number;
  #frames = 0;
  /** 0 = no head is under way. */
  streamId = 0;
  endsStream = false;

  constructor(slab: Slab, maxBytes: number, maxFrames: number) {
    this.#stash = new SlabStash(slab);
    this.#maxBytes = Math.min(maxBytes, LARGE_CHUNK);
    this.#maxFrames = maxFrames;
  }

  get isOpen(): boolean {
    return this.streamId !== 0;
  }
  get at(): number {
    return this.#stash.at;
  }
  get length(): number {
    return this.#stash.length;
  }

  /** Begins with what the HEADERS frame holds; false: too much. @throws SlabExhausted */
  begin(streamId: number, endsStream: boolean, at: number, length: number): boolean {
    this.streamId = streamId;
    this.endsStream = endsStream;
    this.#frames = -1;
    return this.append(at, length);
  }

  /** Adds a CONTINUATION; false: too much (CVE-2024-27316 and its kin). @throws SlabExhausted */
  append(at: number, length: number): boolean {
    if (++this.#frames > this.#maxFrames || this.#stash.length + length > this.#maxBytes) return false;
    return this.#stash.append(at, length);
  }

  clear(): void {
    this.streamId = 0;
    this.#stash.clear();
  }
}
