/** What the proxy's codec takes out of a stream of messages, and what it would send on: its own parser, head writer and body flow. */
import { BodyFlow } from '../../../src/proxy/body-flow.ts';
import { ChunkedPool } from '../../../src/proxy/codec/http1/chunked.ts';
import { FRAMING_UNTIL_CLOSE, HeadParser, type RequestKind } from '../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../src/proxy/codec/http1/llhttp.ts';
import { type ConnectionWord, writeHead } from '../../../src/proxy/codec/http1/write-head.ts';
import type { StreamKind } from './generate.ts';
import type { Read } from './panel.ts';

export interface Forwarded extends Read {
  /** The bytes sent on. */
  readonly sent: string;
  readonly method: string;
}

export interface Forwarding {
  readonly messages: Forwarded[];
  /** 'end', 'more' (the input ended in the middle), 'closed' (no message can follow), or the name of a refusal. */
  end: string;
}

const llhttp = createLlhttp({ slabBytes: 1 << 20, parsers: 4 });
const parser = new HeadParser(llhttp);
const pool = new ChunkedPool(llhttp);
const { bytes, slabStart } = llhttp;
const OUT = slabStart + (1 << 19);
const ROOM = 1 << 18;

/** @param step bytes that arrive at a time */
export function forward(text: string, kind: StreamKind, asked: RequestKind, step: number): Forwarding {
  const messages: Forwarded[] = [];
  let at = 0;
  while (at < text.length) {
    const head = readHead(text, at, kind, asked, step);
    if (typeof head === 'string') return { messages, end: head };
    at += head;
    const message = begin(kind);
    const last = !parser.head.keepAlive || message.upgrade;
    if (kind === 'response' && parser.head.status >= 100 && parser.head.status < 200 && !message.upgrade) {
      messages.push({ ...message, complete: true });
      continue;
    }
    const body = passBody(text, at, step);
    const complete = body.end === '';
    messages.push({ ...message, sent: message.sent + body.sent, body: body.data, complete });
    if (!complete) return { messages, end: body.end };
    at += body.used;
    if (last) return { messages, end: 'closed' };
  }
  return { messages, end: 'end' };
}

function readHead(text: string, at: number, kind: StreamKind, asked: RequestKind, step: number): number | string {
  const rest = bytes.write(text.slice(at), slabStart, 'latin1');
  for (let seen = 0; seen < rest; ) {
    const length = Math.min(seen + step, rest);
    const result =
      kind === 'request'
        ? parser.parseRequest(slabStart, length, seen)
        : parser.parseResponse(slabStart, length, asked, seen);
    if (result > 0) return result;
    if (result < 0) return parser.head.refusal?.id ?? 'refused without a reason';
    seen = length;
  }
  return 'more';
}

/** Writes the head as the exchange would. */
function begin(kind: StreamKind): Forwarded {
  const { head } = parser;
  const text = (from: number, length: number): string => bytes.toString('latin1', from, from + length);
  const method = text(head.methodAt, head.methodLength);
  const start = kind === 'request' ? `${method} ${text(head.targetAt, head.targetLength)}` : String(head.status);
  const length = writeHead(bytes, head, OUT, ROOM, { connection: connectionWord(kind), edits: null, insert: [] });
  if (length < 0) throw new Error('the head did not fit');
  const upgrade = head.upgrade || head.isConnect;
  return { start, method, body: '', complete: false, upgrade, sent: text(OUT, length) };
}

function connectionWord(kind: StreamKind): ConnectionWord {
  const { head } = parser;
  if (head.upgrade) return 'upgrade';
  if (kind === 'request') return head.versionMinor === 0 && head.keepAlive ? 'keep-alive' : 'none';
  if (head.framing === FRAMING_UNTIL_CLOSE) return 'close';
  return head.versionMinor === 0 ? 'keep-alive' : 'none';
}

/** The body of the message whose head was just read; what of it is sent on, and the data in it. */
function passBody(text: string, from: number, step: number): { sent: string; data: string; used: number; end: string } {
  const { head } = parser;
  const flow = new BodyFlow(pool, bytes, head.isRequest);
  if (!flow.start(head.framing, head.contentLength)) throw new Error('no decoder left');
  const plain = head.framing !== 2;
  let sent = '';
  let used = 0;
  let end = '';
  while (!flow.done && end === '') {
    const length = bytes.write(text.slice(from + used, from + used + step), slabStart, 'latin1');
    if (length === 0 && !flow.pending) end = flow.framing === FRAMING_UNTIL_CLOSE ? 'closed' : 'more';
    else {
      const n = flow.append(slabStart, length, OUT, ROOM);
      if (n < 0) end = flow.refusal;
      else sent += bytes.toString('latin1', OUT, OUT + n);
      used += flow.consumed;
    }
  }
  const untilClose = flow.framing === FRAMING_UNTIL_CLOSE;
  flow.end();
  return { sent, data: plain ? sent : dataOf(sent), used, end: untilClose ? '' : end };
}

/** What our own chunks carry. */
function dataOf(chunks: string): string {
  let data = '';
  for (let at = 0; ; ) {
    const line = chunks.indexOf('\r\n', at);
    const size = line < 0 ? 0 : Number.parseInt(chunks.slice(at, line), 16);
    if (!(size > 0)) return data;
    data += chunks.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
}
