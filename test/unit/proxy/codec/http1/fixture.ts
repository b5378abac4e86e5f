/** Real parsers over a small memory, for the codec's unit tests. */
import { HeadParser, type Http1Head, type RequestKind } from '../../../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../../../src/proxy/codec/http1/llhttp.ts';
import { type HeadPlan, writeHead } from '../../../../../src/proxy/codec/http1/write-head.ts';

export const llhttp = createLlhttp({ slabBytes: 1 << 20, parsers: 4 });
export const parser = new HeadParser(llhttp);
export const { bytes, slabStart } = llhttp;
/** Where outputs go. */
export const OUT = slabStart + (1 << 19);

/** Parses a request head; throws when it is refused or incomplete. */
export function parseRequest(text: string): Http1Head {
  const result = parser.parseRequest(slabStart, bytes.write(text, slabStart, 'latin1'));
  if (result <= 0) throw new Error(parser.head.refusal?.id ?? 'need more');
  return parser.head;
}

export function parseResponse(text: string, kind: RequestKind): Http1Head {
  const result = parser.parseResponse(slabStart, bytes.write(text, slabStart, 'latin1'), kind);
  if (result <= 0) throw new Error(parser.head.refusal?.id ?? 'need more');
  return parser.head;
}

/** The head as it is sent on. */
export function forward(head: Http1Head, plan: HeadPlan): string {
  const length = writeHead(bytes, head, OUT, 1 << 16, plan);
  return bytes.toString('latin1', OUT, OUT + length);
}
