/**
 * llhttp as WebAssembly (from undici, exact version pinned) and the one memory region of a data thread. The slab that
 * the reactor receives into lies inside the WASM memory, so a message is parsed where it arrived, without a copy.
 * Every offset in the codec is an absolute offset in this memory, which is also the pointer llhttp takes and gives.
 */
import { createRequire } from 'node:module';
import { UserError } from '../../../core/errors.ts';
import { LLHTTP_OK, LLHTTP_PAUSED, type Spans } from './spans.ts';

/** llhttp's own type numbers. */
export const REQUEST = 1;
export const RESPONSE = 2;
export type ParserType = typeof REQUEST | typeof RESPONSE;

/** sizeof(llhttp_t) on wasm32: `restore` copies exactly this. */
const STATE_BYTES = 64;
const PREFIX_BYTES = 256;
const MAX_SNAPSHOTS = 16;
/** Kept for whole heads beside the parsers asked for: a HeadParser takes one. */
const HEAD_PARSERS = 4;
const WASM_FILE = 'undici/lib/llhttp/llhttp_simd-wasm.js';

/** The little of the WebAssembly API that is used: the `dom` types, which describe it, do not belong in this project. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

interface LlhttpExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize?(): void;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_reset(parser: number): void;
  llhttp_execute(parser: number, at: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_resume(parser: number): void;
}

const FUNCTIONS = [
  'malloc',
  'llhttp_alloc',
  'llhttp_reset',
  'llhttp_execute',
  'llhttp_get_error_pos',
  'llhttp_resume',
] as const;

export interface LlhttpSettings {
  /** Size of the slab in bytes. */
  readonly slabBytes: number;
  /** Parsers for chunked bodies, allocated in advance; head parsing needs none of them. */
  readonly parsers: number;
}

/** One instance per data thread. Never grows after construction: growth would move every address with it. */
export class Llhttp {
  readonly memory: ArrayBuffer;
  /** The whole memory; indexing, `latin1Slice` and `copyWithin` take the absolute offsets used everywhere. */
  readonly bytes: Buffer;
  readonly slabStart: number;
  readonly slabEnd: number;
  readonly #wasm: LlhttpExports;
  readonly #record: (spans: Spans) => void;
  readonly #freeParsers: number[] = [];
  readonly #words: Int32Array;
  readonly #constants: number;
  readonly #templates: readonly [request: number, response: number];
  #snapshots = 0;

  constructor(wasm: LlhttpExports, record: (spans: Spans) => void, settings: LlhttpSettings) {
    this.#wasm = wasm;
    this.#record = record;
    const constantBytes = PREFIX_BYTES + MAX_SNAPSHOTS * STATE_BYTES;
    this.#constants = allocated(wasm.malloc(constantBytes), constantBytes);
    // On a cache line's boundary: enough for anything the reactor lays out in the slab.
    this.slabStart = (allocated(wasm.malloc(settings.slabBytes + 64), settings.slabBytes) + 63) & ~63;
    this.slabEnd = this.slabStart + settings.slabBytes;
    this.#templates = [
      allocated(wasm.llhttp_alloc(REQUEST), STATE_BYTES),
      allocated(wasm.llhttp_alloc(RESPONSE), STATE_BYTES),
    ];
    for (let i = 0; i < settings.parsers + HEAD_PARSERS; i++) {
      this.#freeParsers.push(allocated(wasm.llhttp_alloc(REQUEST), STATE_BYTES));
    }
    this.memory = wasm.memory.buffer;
    this.bytes = Buffer.from(this.memory);
    this.#words = new Int32Array(this.memory);
  }

  /** Throws if the memory was replaced: every view and every address handed to the kernel would be stale. */
  assertFixed(): void {
    if (this.#wasm.memory.buffer !== this.memory) throw new Error('the WASM memory grew after start');
  }

  /** Parsers not in use. */
  get freeParsers(): number {
    return this.#freeParsers.length;
  }

  /** A parser, or 0 when none is left; give it back with `releaseParser`. */
  acquireParser(): number {
    return this.#freeParsers.pop() ?? 0;
  }

  releaseParser(parser: number): void {
    this.#freeParsers.push(parser);
  }

  /**
   * Feeds `prefix` to a fresh parser and keeps the state it is left in, for `restore`: putting 64 bytes back is cheaper
   * than parsing a constant start line again for each message. Returns where the state lies. Start-up only.
   */
  snapshotAfter(type: ParserType, prefix: string, spans: Spans): number {
    if (this.#snapshots === MAX_SNAPSHOTS) throw new Error('too many parser snapshots');
    const parser = this.#templates[type - 1] as number;
    this.#wasm.llhttp_reset(parser);
    const length = this.bytes.write(prefix, this.#constants, PREFIX_BYTES, 'latin1');
    const code = this.execute(parser, this.#constants, length, spans);
    if (code === LLHTTP_PAUSED) this.resume(parser);
    else if (code !== LLHTTP_OK) throw new Error(`llhttp refused the constant prefix with code ${code}`);
    const at = this.#constants + PREFIX_BYTES + this.#snapshots++ * STATE_BYTES;
    this.bytes.copyWithin(at, parser, parser + STATE_BYTES);
    return at;
  }

  /** Puts a parser, of whatever type and state, into the state of the snapshot. */
  restore(parser: number, snapshot: number): void {
    const words = this.#words;
    for (let i = 0; i < STATE_BYTES / 4; i++) words[(parser >> 2) + i] = words[(snapshot >> 2) + i] as number;
  }

  /** Parses `length` bytes at `at`, recording into `spans`. Returns llhttp's code. */
  execute(parser: number, at: number, length: number, spans: Spans): number {
    this.#record(spans);
    return this.#wasm.llhttp_execute(parser, at, length);
  }

  /** After a pause: the first byte not consumed. After an error: the byte that was wrong. */
  errorPosition(parser: number): number {
    return this.#wasm.llhttp_get_error_pos(parser);
  }

  resume(parser: number): void {
    this.#wasm.llhttp_resume(parser);
  }
}

function allocated(pointer: number, bytes: number): number {
  if (pointer === 0) {
    throw new UserError({
      code: 'TWP0201',
      message: `The HTTP/1 parser's memory has no room for ${bytes} more bytes.`,
    });
  }
  return pointer;
}

const EXACT_VERSION_HINT = 'Install the exact undici version named in package.json.';

function loadWasm(): Uint8Array {
  try {
    const wasm: unknown = createRequire(import.meta.url)(WASM_FILE);
    if (wasm instanceof Uint8Array) return wasm;
  } catch {
    // Reported below: absent and unusable have the same remedy.
  }
  throw new UserError({ code: 'TWP0202', message: `${WASM_FILE} is missing or unusable.`, hint: EXACT_VERSION_HINT });
}

/**
 * Loads llhttp and lays out the memory. Throws UserError when the installed undici carries no llhttp, when that lacks a
 * function the codec needs, or when memory runs out.
 */
export function createLlhttp(settings: LlhttpSettings): Llhttp {
  let spans: Spans | undefined;
  const current = (): Spans => spans as Spans;
  const env = {
    wasm_on_message_begin: () => 0,
    wasm_on_url: () => 0,
    wasm_on_status: () => 0,
    wasm_on_header_field: (_parser: number, at: number, length: number) => current().onName(at, length),
    wasm_on_header_value: (_parser: number, at: number, length: number) => current().onValue(at, length),
    wasm_on_headers_complete: () => current().onHeadEnd(),
    wasm_on_body: (_parser: number, at: number, length: number) => current().onBody(at, length),
    wasm_on_message_complete: () => current().onMessageEnd(),
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(loadWasm())), { env });
  const missing: string[] = FUNCTIONS.filter((name) => typeof exports[name] !== 'function');
  if (exports['memory'] === undefined) missing.push('memory');
  if (missing.length > 0) {
    const message = `The llhttp in the installed undici lacks ${missing.join(', ')}.`;
    throw new UserError({ code: 'TWP0203', message, hint: EXACT_VERSION_HINT });
  }
  const wasm = exports as unknown as LlhttpExports;
  wasm._initialize?.();
  return new Llhttp(
    wasm,
    (next) => {
      spans = next;
    },
    settings,
  );
}
