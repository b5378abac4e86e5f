/** A memory with a head area, and what tests do with it: put sections in, read heads as text. */
import { HeadParser, type Http1Head, type RequestKind } from '../../../../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../../../../src/proxy/codec/http1/llhttp.ts';
import {
  type DecoderLimits,
  HEAD_AREA_BYTES,
  HeadArea,
  HpackDecoder,
} from '../../../../../../src/proxy/codec/http2/hpack-decoder.ts';
import { HpackEncoder, type Http2HeadPlan } from '../../../../../../src/proxy/codec/http2/hpack-encoder.ts';
import { type HeadKind, Http2Head } from '../../../../../../src/proxy/codec/http2/http2-head.ts';
import { encodeHuffman } from '../../../../../../src/proxy/codec/http2/huffman.ts';
import type { MessageHead } from '../../../../../../src/proxy/codec/message-head.ts';

const llhttp = createLlhttp({ slabBytes: 2 << 20, parsers: 1 });
const parser = new HeadParser(llhttp);
export const { bytes } = llhttp;
export const memory = { bytes, view: new DataView(llhttp.memory) };
/** Where sections and HTTP/1.1 heads are put, where sections are written, and the area. */
export const IN = llhttp.slabStart;
export const OUT = IN + 500_000;
export const ROOM = 200_000;
export const area = new HeadArea(memory, IN + (1 << 20), HEAD_AREA_BYTES);

export const PLAN: Http2HeadPlan = { edits: null, insert: [], scheme: 'received' };

export function slice(at: number, length: number): string {
  return bytes.toString('latin1', at, at + length);
}

/** A head as lines: pseudo-header fields, then the fields; `!` before a name that is never to be indexed. */
export function linesOf(head: Http2Head): string[] {
  const lines: string[] = [];
  if (head.isRequest) {
    lines.push(`:method: ${slice(head.methodAt, head.methodLength)}`);
    if (head.schemeLength > 0) lines.push(`:scheme: ${slice(head.schemeAt, head.schemeLength)}`);
    if (head.authorityLength > 0) lines.push(`:authority: ${slice(head.authorityAt, head.authorityLength)}`);
    if (!head.isConnect) lines.push(`:path: ${slice(head.targetAt, head.targetLength)}`);
  } else if (head.status > 0) {
    lines.push(`:status: ${head.status}`);
  }
  for (let i = 0; i < head.fieldCount; i++) {
    const mark = (head.fieldFlags[i] & 1) === 1 ? '!' : '';
    lines.push(`${mark}${slice(head.nameAt[i], head.nameLength[i])}: ${slice(head.valueAt[i], head.valueLength[i])}`);
  }
  return lines;
}

export class DecoderRig {
  readonly head: Http2Head;
  readonly decoder: HpackDecoder;

  constructor(limits: DecoderLimits = { listBytes: 65_536, tableBytes: 65_536 }, fields = 200) {
    this.head = new Http2Head(fields);
    this.decoder = new HpackDecoder(area, limits);
  }

  /** The head's lines, or the negative result. */
  decode(section: Buffer, kind: HeadKind = 'request'): string[] | number {
    section.copy(bytes, IN);
    const result = this.decoder.decode(IN, section.length, kind, this.head);
    return result === 0 ? linesOf(this.head) : result;
  }
}

export class EncoderRig {
  readonly encoder: HpackEncoder;

  constructor(maxTableBytes?: number) {
    this.encoder = new HpackEncoder(memory, maxTableBytes);
  }

  request(head: MessageHead, plan: Http2HeadPlan = PLAN): Buffer {
    return taken(this.encoder.encodeRequest(head, plan, OUT, ROOM));
  }

  response(head: MessageHead, plan: Http2HeadPlan = PLAN): Buffer {
    return taken(this.encoder.encodeResponse(head, plan, OUT, ROOM));
  }

  trailers(head: MessageHead): Buffer {
    return taken(this.encoder.encodeTrailers(head, OUT, ROOM));
  }
}

/** A copy of the section just written. */
export function taken(length: number): Buffer {
  if (length < 0) throw new Error('it did not fit');
  return Buffer.from(bytes.subarray(OUT, OUT + length));
}

export function huffman(value: string): Buffer {
  const from = Buffer.from(value, 'latin1');
  const out = Buffer.alloc(from.length * 4 + 8);
  return out.subarray(0, encodeHuffman(from, 0, from.length, out, 0));
}

/** A head that came in HTTP/1.1; throws when it is refused. */
export function http1Request(...lines: readonly string[]): Http1Head {
  const text = `${lines.join('\r\n')}\r\n\r\n`;
  if (parser.parseRequest(IN, bytes.write(text, IN, 'latin1')) !== text.length) throw new Error('refused');
  return parser.head;
}

export function http1Response(kind: RequestKind, ...lines: readonly string[]): Http1Head {
  const text = `${lines.join('\r\n')}\r\n\r\n`;
  if (parser.parseResponse(IN, bytes.write(text, IN, 'latin1'), kind) !== text.length) throw new Error('refused');
  return parser.head;
}
