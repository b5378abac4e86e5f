/** Two readers of one request stream: our codec, and node:http as the independent one. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { ChunkedPool } from '../../src/proxy/codec/http1/chunked.ts';
import { FRAMING_CHUNKED, FRAMING_LENGTH, HeadParser } from '../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../src/proxy/codec/http1/llhttp.ts';

export interface ReadMessage {
  readonly method: string;
  readonly target: string;
  readonly body: string;
  /** The sender closes after it. */
  readonly isLast: boolean;
}
export interface OurReading {
  readonly messages: readonly ReadMessage[];
  /** Why reading ended: 'end', 'more' (input ended in the middle), or the name of a refusal. */
  readonly end: string;
}

export const llhttp = createLlhttp({ slabBytes: 1 << 20, parsers: 4 });
export const parser = new HeadParser(llhttp);
const pool = new ChunkedPool(llhttp);
const { bytes, slabStart } = llhttp;
export const OUT = slabStart + (1 << 19);

/** Reads as the data plane does; `step`: bytes that arrive at a time. */
export function readOurs(text: string, step: number): OurReading {
  const messages: ReadMessage[] = [];
  let at = 0;
  while (at < text.length) {
    const head = readHead(text, at, step);
    if (typeof head === 'string') return { messages, end: head };
    const { methodAt, methodLength, targetAt, targetLength, framing, contentLength, keepAlive } = parser.head;
    const method = bytes.toString('latin1', methodAt, methodAt + methodLength);
    const target = bytes.toString('latin1', targetAt, targetAt + targetLength);
    at += head;
    let body = '';
    if (framing === FRAMING_LENGTH) {
      body = text.slice(at, at + contentLength);
      if (body.length < contentLength) return { messages, end: 'more' };
      at += contentLength;
    } else if (framing === FRAMING_CHUNKED) {
      const read = readChunked(text, at, step);
      if (read.end !== '') return { messages, end: read.end };
      body = read.data;
      at += read.used;
    }
    messages.push({ method, target, body, isLast: !keepAlive });
  }
  return { messages, end: 'end' };
}

function readHead(text: string, at: number, step: number): number | string {
  const rest = bytes.write(text.slice(at), slabStart, 'latin1');
  let seen = 0;
  while (seen < rest) {
    const length = Math.min(seen + step, rest);
    const result = parser.parseRequest(slabStart, length, seen);
    if (result > 0) return result;
    if (result < 0) return parser.head.refusal?.id ?? 'refused without a reason';
    seen = length;
  }
  return 'more';
}

function readChunked(text: string, from: number, step: number): { data: string; used: number; end: string } {
  const body = pool.acquire();
  if (body === null) throw new Error('no parser left');
  let data = '';
  let used = 0;
  let end = '';
  while (!body.done && end === '') {
    const length = bytes.write(text.slice(from + used, from + used + step), slabStart, 'latin1');
    if (length === 0) end = 'more';
    const written = length === 0 ? 0 : body.decode(slabStart, length, OUT, 1 << 16);
    if (written < 0) end = body.error?.id ?? 'refused without a reason';
    else data += bytes.toString('latin1', OUT, OUT + written);
    used += body.consumed;
  }
  pool.release(body);
  return { data, used, end };
}

/** What node:http, strict as it is by default, takes out of the same stream. */
export async function readNode(text: string): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => {});
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('latin1');
      messages.push({ method: request.method ?? '', target: request.url ?? '', body, isLast: false });
      response.end();
    });
  });
  // Left open, so that messages before the refused one still come through.
  server.on('clientError', () => {});
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  socket.on('error', () => {});
  server.emit('connection', socket);
  socket.push(Buffer.from(text, 'latin1'));
  for (let i = 0; i < 6; i++) await turn();
  socket.destroy();
  return messages;
}
