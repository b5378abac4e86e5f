/** Other readers of HTTP/1: llhttp as undici ships it, and Node's own parser, strict or as lenient as it gets. */
import { createRequire } from 'node:module';
import type { StreamKind } from './generate.ts';

export interface Read {
  /** Method or status, and target. */
  readonly start: string;
  body: string;
  complete: boolean;
  /** What follows is no message of this stream: an upgrade or a tunnel. */
  upgrade: boolean;
}

export interface Reading {
  readonly messages: Read[];
  /** The reader refused what comes next (or the rest of the last message). */
  refused: boolean;
}

const load = createRequire(import.meta.url);

interface NodeParser {
  [event: number]: (...args: never[]) => unknown;
  initialize(type: number, resource: object, maxHeaderSize?: number, lenient?: number): void;
  execute(bytes: Buffer): unknown;
  finish(): unknown;
  free(): void;
}
interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeadersComplete: number;
  readonly kOnHeaders: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
  readonly kLenientAll: number;
}
const { HTTPParser, methods: METHODS } = load('_http_common') as {
  readonly HTTPParser: NodeParserClass;
  readonly methods: readonly string[];
};

/** Parses a stream with the parser that node:http uses. `noBody`: answers to HEAD. */
export function readWithNode(text: string, kind: StreamKind, noBody: boolean, lenient: boolean): Reading {
  const reading: Reading = { messages: [], refused: false };
  const parser = new HTTPParser();
  const flags = lenient ? HTTPParser.kLenientAll : 0;
  parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, 1 << 20, flags);
  let flushed = '';
  parser[HTTPParser.kOnHeaders] = (_headers: unknown, url: string) => {
    flushed += url;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    _headers: unknown,
    method: number,
    url: string | undefined,
    status: number,
    _reason: string,
    upgrade: boolean,
  ) => {
    const start = kind === 'request' ? `${METHODS[method]} ${url ?? flushed}` : String(status);
    flushed = '';
    reading.messages.push({ start, body: '', complete: false, upgrade });
    return noBody ? 1 : 0;
  };
  parser[HTTPParser.kOnBody] = (part: Buffer) => {
    const last = reading.messages.at(-1);
    if (last !== undefined) last.body += part.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    const last = reading.messages.at(-1);
    if (last !== undefined) last.complete = true;
    flushed = '';
  };
  const result = parser.execute(Buffer.from(text, 'latin1'));
  reading.refused = result instanceof Error;
  // The connection ends here: a body that lasts until then is complete.
  if (!reading.refused) parser.finish();
  parser.free();
  return reading;
}

interface Llhttp {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize?(): void;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_reset(parser: number): void;
  llhttp_execute(parser: number, at: number, length: number): number;
  llhttp_finish(parser: number): number;
  llhttp_get_method(parser: number): number;
}
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const AREA = 1 << 17;
const PAUSED_UPGRADE = 22;
let reading: Reading = { messages: [], refused: false };
let url = '';
let skipBody = false;
let isRequest = true;

const wasm = start();
wasm._initialize?.();
const area = wasm.malloc(AREA);
const parsers = [wasm.llhttp_alloc(1), wasm.llhttp_alloc(2)] as const;
const { METHODS: NUMBERS } = load('undici/lib/llhttp/constants.js') as { METHODS: Readonly<Record<string, number>> };
const names = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name]));

function start(): Llhttp {
  const text = (at: number, length: number): string => Buffer.from(wasm.memory.buffer, at, length).toString('latin1');
  const env = {
    wasm_on_message_begin: () => {
      url = '';
      return 0;
    },
    wasm_on_url: (_p: number, at: number, length: number) => {
      url += text(at, length);
      return 0;
    },
    wasm_on_status: () => 0,
    wasm_on_header_field: () => 0,
    wasm_on_header_value: () => 0,
    wasm_on_headers_complete: (p: number, status: number, upgrade: number) => {
      const start = isRequest ? `${names.get(wasm.llhttp_get_method(p))} ${url}` : String(status);
      reading.messages.push({ start, body: '', complete: false, upgrade: upgrade !== 0 });
      return skipBody ? 1 : 0;
    },
    wasm_on_body: (_p: number, at: number, length: number) => {
      const last = reading.messages.at(-1);
      if (last !== undefined) last.body += text(at, length);
      return 0;
    },
    wasm_on_message_complete: () => {
      const last = reading.messages.at(-1);
      if (last !== undefined) last.complete = true;
      return 0;
    },
  };
  const bytes: unknown = load('undici/lib/llhttp/llhttp-wasm.js');
  return new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array), { env }).exports as Llhttp;
}

/** Parses a stream with llhttp in strict mode. */
export function readWithLlhttp(text: string, kind: StreamKind, noBody: boolean): Reading {
  reading = { messages: [], refused: false };
  isRequest = kind === 'request';
  skipBody = noBody;
  const parser = isRequest ? parsers[0] : parsers[1];
  wasm.llhttp_reset(parser);
  const length = Buffer.from(wasm.memory.buffer).write(text, area, AREA, 'latin1');
  const code = wasm.llhttp_execute(parser, area, length);
  reading.refused = code !== 0 && code !== PAUSED_UPGRADE;
  if (code === 0) wasm.llhttp_finish(parser);
  return reading;
}
