import t, { type Test } from 'tap';
import { ChunkedPool } from '../../src/proxy/codec/http1/chunked.ts';
import { HeadParser, type Http1Head, type RequestKind } from '../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../src/proxy/codec/http1/llhttp.ts';
import { type ConnectionWord, writeHead } from '../../src/proxy/codec/http1/write-head.ts';
import { type Block, parseExpectations, readCases, unescapeBytes, type WireCase } from './read-cases.ts';

const llhttp = createLlhttp({ slabBytes: 4 << 20, parsers: 8 });
const parser = new HeadParser(llhttp);
const pool = new ChunkedPool(llhttp);
const { bytes, slabStart } = llhttp;
const OUT = slabStart + (1 << 20);
const OUT_BYTES = 1 << 20;
const FRAMINGS = ['none', 'length', 'chunked', 'until-close'];
const CONNECTIONS: readonly ConnectionWord[] = ['none', 'close', 'keep-alive', 'upgrade'];
const KINDS: readonly RequestKind[] = ['HEAD', 'CONNECT', 'upgrade', 'other'];

/** Everything a page can name about a parsed head. */
function describe(head: Http1Head, length: number): Record<string, string> {
  const text = (at: number, size: number): string => bytes.toString('latin1', at, at + size);
  const flag = (on: boolean): string => (on ? 'yes' : 'no');
  return {
    head: String(length),
    method: text(head.methodAt, head.methodLength),
    target: text(head.targetAt, head.targetLength),
    path: text(head.pathAt, head.pathLength),
    query: text(head.queryAt, head.queryLength),
    authority: text(head.authorityAt, head.authorityLength),
    version: `1.${head.versionMinor}`,
    status: String(head.status),
    fields: String(head.fieldCount),
    framing: FRAMINGS[head.framing] ?? '',
    length: String(head.contentLength),
    'keep-alive': flag(head.keepAlive),
    'keep-alive-ms': String(head.keepAliveTimeoutMs),
    upgrade: flag(head.upgrade),
    'expect-continue': flag(head.expectContinue),
  };
}

function parseHead(input: Block, length: number, seen: number): number {
  if (input.word === 'request') return parser.parseRequest(slabStart, length, seen);
  const kind = KINDS.find((name) => name === input.argument);
  if (kind === undefined) throw new Error(`unknown request kind ${input.argument}`);
  return parser.parseResponse(slabStart, length, kind, seen);
}

function outcome(result: number): Record<string, string> {
  if (result === 0) return { 'need-more': 'yes' };
  const { refusal } = parser.head;
  return refusal === null ? describe(parser.head, result) : { refused: `${refusal.id} ${refusal.status}` };
}

function checkHead(t: Test, wire: WireCase, input: Block, step: number): void {
  const text = unescapeBytes(input.text);
  const written = bytes.write(text, slabStart, 'latin1');
  let result = 0;
  let seen = 0;
  for (
    let length = Math.min(step, written);
    result === 0 && seen < written;
    length = Math.min(length + step, written)
  ) {
    result = parseHead(input, length, seen);
    seen = length;
  }
  const got = outcome(result);
  const expect = wire.blocks.find((block) => block.word === 'expect');
  if (expect === undefined) throw new Error('a case needs an expect block');
  for (const [name, value] of parseExpectations(expect.text)) t.equal(got[name], value, name);
  if (!expect.text.includes('refused')) t.notOk(got['refused'], 'not refused');
  for (const block of wire.blocks.filter(({ word }) => word === 'forwarded')) checkForwarded(t, block, result);
  t.equal(bytes.toString('latin1', slabStart, slabStart + written), text, 'the input is untouched');
}

function checkForwarded(t: Test, block: Block, result: number): void {
  const connection = CONNECTIONS.find((word) => word === block.argument);
  if (connection === undefined || result <= 0) throw new Error(`cannot forward ${block.argument}`);
  const length = writeHead(bytes, parser.head, OUT, OUT_BYTES, { connection, edits: null, insert: [] });
  t.equal(bytes.toString('latin1', OUT, OUT + length), unescapeBytes(block.text), `forwarded, ${connection}`);
}

function checkChunked(t: Test, wire: WireCase, input: Block, step: number): void {
  const text = unescapeBytes(input.text);
  const body = pool.acquire(true);
  if (body === null) throw new Error('no parser left');
  let used = 0;
  let out = '';
  let data = '';
  while (used < text.length && !body.done && body.error === null) {
    const written = bytes.write(text.slice(used, used + step), slabStart, 'latin1');
    const length = body.reframe(slabStart, written, OUT, OUT_BYTES);
    if (length < 0) break;
    used += body.consumed;
    out += bytes.toString('latin1', OUT, OUT + length);
  }
  const got: Record<string, string> = {
    refused: body.error === null ? 'no' : `${body.error.id} ${body.error.status}`,
    done: body.done ? 'yes' : 'no',
    left: String(text.length - used),
    bytes: String(body.dataBytes),
  };
  pool.release(body);
  for (const block of wire.blocks) {
    if (block.word === 'expect')
      for (const [name, value] of parseExpectations(block.text)) t.equal(got[name], value, name);
    if (block.word !== 'reframed') continue;
    data = unescapeBytes(block.text);
    // Byte by byte the chunks are smaller; what they carry is the same.
    if (step > 1) t.equal(out, data, 'reframed');
    else t.equal(joinChunks(out), joinChunks(data), 'reframed');
  }
}

/** Our own strict framing, read back without the codec: data, a bar, the trailer lines. */
function joinChunks(text: string): string {
  let data = '';
  let at = 0;
  for (;;) {
    const line = text.indexOf('\r\n', at);
    if (line < 0) return data;
    const size = Number.parseInt(text.slice(at, line), 16);
    if (size === 0) return `${data}|${text.slice(line + 2)}`;
    data += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

const cases = readCases(import.meta.dirname);
for (const wire of cases) {
  const input = wire.blocks[0];
  for (const [how, step] of [
    ['whole', 1 << 30],
    ['byte by byte', 1],
  ] as const) {
    t.test(`${wire.page}: ${wire.title} (${how})`, (t) => {
      if (input === undefined) throw new Error('a case begins with its input');
      if (input.word === 'chunked') checkChunked(t, wire, input, step);
      else checkHead(t, wire, input, step);
      t.end();
    });
  }
}

t.test('the pages hold cases', (t) => {
  t.ok(cases.length > 100, `${cases.length} cases`);
  t.end();
});
