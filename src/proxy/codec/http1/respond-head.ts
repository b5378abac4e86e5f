/** Our own answers: the one place that renders an error, or what a rule wants answered, as a response. */
import type { Inserted } from '../http2/hpack-inserted.ts';
import { reasonPhrase } from '../reason-phrase.ts';
import { lineBytes, putLines } from './inserted-lines.ts';

export interface ErrorAnswer {
  readonly status: number;
  /** Envoy response flag such as `UF`. */
  readonly flag: string;
  readonly connectionId: string;
  /** One plain sentence in ASCII: which hop, which rule, what the peer did. Becomes the body, with a line feed. */
  readonly sentence: string;
  /** Whether `Connection: close` is said; the caller closes accordingly. */
  readonly close: boolean;
  /** The request was HEAD: the same head, without the body. */
  readonly toHead: boolean;
  /** Further whole lines, each ending in CRLF; '' = none. */
  readonly insert: string;
}

/**
 * Writes a complete HTTP/1.1 response at `outAt`. `x-towpath-error` names the flag and the connection, as logs and
 * `towpath explain` do. Returns bytes written, or -1 when they do not fit.
 */
export function writeErrorAnswer(bytes: Buffer, outAt: number, outCapacity: number, answer: ErrorAnswer): number {
  const body = toAscii(answer.sentence) + '\n';
  const text =
    `HTTP/1.1 ${answer.status} ${reasonPhrase(answer.status)}\r\n` +
    `content-type: text/plain; charset=utf-8\r\ncontent-length: ${body.length}\r\n` +
    `x-towpath-error: ${toAscii(answer.flag)}; connection=${toAscii(answer.connectionId)}\r\n` +
    `${answer.insert}connection: ${answer.close ? 'close' : 'keep-alive'}\r\n\r\n${answer.toHead ? '' : body}`;
  if (text.length > outCapacity) return -1;
  return bytes.write(text, outAt, text.length, 'latin1');
}

/**
 * Writes the head of an answer that a rule gives. Returns bytes written, or -1 when they do not fit.
 * @param length bytes of the body, -1 = the status allows none
 */
export function writeRuleHead(
  bytes: Buffer,
  outAt: number,
  outCapacity: number,
  status: number,
  fields: readonly Inserted[],
  length: number,
  close: boolean,
): number {
  const start = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  const end = `${length < 0 ? '' : `content-length: ${length}\r\n`}connection: ${close ? 'close' : 'keep-alive'}\r\n\r\n`;
  if (start.length + end.length + lineBytes(fields) > outCapacity) return -1;
  let at = outAt + bytes.write(start, outAt, 'latin1');
  at = putLines(bytes, at, fields);
  at += bytes.write(end, at, 'latin1');
  return at - outAt;
}

/** Anything but printable ASCII becomes `?`: no peer's bytes can break a line or the length. */
function toAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
