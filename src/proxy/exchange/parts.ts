/** What all exchanges of a data thread share. */
import type { Reactor } from '../../reactor/reactor.ts';
import { Slab } from '../../reactor/slab.ts';
import type { Llhttp } from '../codec/http1/llhttp.ts';
import { HEAD_AREA_BYTES, HeadArea } from '../codec/http2/hpack-area.ts';
import { DEFAULT_HTTP2_CONFIG, type Http2Config } from '../codec/http2/http2-config.ts';
import { Http2Head } from '../codec/http2/http2-head.ts';
import type { SessionMemory } from '../codec/http2/session-types.ts';
import { OwnHead } from '../convert/own-head.ts';
import { Deadlines } from './deadlines.ts';
import { KeptHead } from './kept-head.ts';

/** Fields of one head, as with HTTP/1.1. */
const MAX_FIELDS = 200;
/** Spare objects kept. */
const MAX_SPARE = 1024;

/** The slab, and beside it, in the same memory, the area that decoded heads are put in. */
export function divideMemory(llhttp: Llhttp): SessionMemory {
  const slab = new Slab(llhttp.memory, llhttp.slabStart, llhttp.slabEnd - HEAD_AREA_BYTES);
  return { slab, head: new Http2Head(MAX_FIELDS), headArea: new HeadArea(slab, slab.end, HEAD_AREA_BYTES) };
}

export class ExchangeParts {
  readonly memory: SessionMemory;
  readonly config: Http2Config;
  readonly deadlines: Deadlines;
  /** The head of a request that is sent again. */
  readonly restored = new Http2Head(MAX_FIELDS);
  /** Heads and trailers made of text. */
  readonly own: OwnHead;
  readonly #words: Int32Array;
  readonly #spare: KeptHead[] = [];

  constructor(memory: SessionMemory, reactor: Reactor, config: Http2Config = DEFAULT_HTTP2_CONFIG) {
    this.memory = memory;
    this.config = config;
    this.deadlines = new Deadlines(reactor);
    this.own = new OwnHead(memory.slab.bytes);
    this.#words = new Int32Array(memory.slab.memory);
  }

  takeKeptHead(): KeptHead {
    return this.#spare.pop() ?? new KeptHead(this.memory.slab, this.#words);
  }

  giveKeptHead(kept: KeptHead): void {
    kept.release();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(kept);
  }
}
