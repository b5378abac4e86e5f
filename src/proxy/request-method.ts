/** The method of a request as a small number: labels of metrics are made of it, and no client can make up more of them. */
import type { MessageHead } from './codec/message-head.ts';

/** What OpenTelemetry's `http.request.method` may say; the first is for what was no request. */
export const METHOD_LABELS = [
  '',
  '_OTHER',
  'GET',
  'PUT',
  'HEAD',
  'POST',
  'PATCH',
  'TRACE',
  'DELETE',
  'OPTIONS',
  'CONNECT',
] as const;
export const NO_METHOD = 0;
export const OTHER_METHOD = 1;
/** Where the methods of a length begin, by length; they end where those of the next do. */
const FIRST_OF_LENGTH = [2, 2, 2, 2, 4, 6, 8, 9, 11] as const;
const WORDS: readonly Buffer[] = METHOD_LABELS.map((label) => Buffer.from(label, 'latin1'));

/** @param bytes what the offsets of `head` refer to; methods are case-sensitive (RFC 9110 9.1) */
export function methodOf(bytes: Buffer, { methodAt, methodLength }: MessageHead): number {
  if (methodLength < 3 || methodLength > 7) return OTHER_METHOD;
  const end = FIRST_OF_LENGTH[methodLength + 1];
  for (let method: number = FIRST_OF_LENGTH[methodLength]; method < end; method++) {
    const word = WORDS[method];
    let i = 0;
    while (i < methodLength && bytes[methodAt + i] === word[i]) i++;
    if (i === methodLength) return method;
  }
  return OTHER_METHOD;
}
