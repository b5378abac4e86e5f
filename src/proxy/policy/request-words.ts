/**
 * Query parameters and cookies as routes see them, taken apart once for each request, and only when a rule asks for one. The first
 * of a repeated name counts.
 */
import { constantBytes, equalsLower } from '../codec/http1/bytes.ts';
import type { MessageHead } from '../codec/message-head.ts';

/** Looked at; what comes after cannot match, so that a long query cannot cost much. */
const MAX_WORDS = 256;
const COOKIE = constantBytes('cookie');

/** One reused object. */
export class RequestWords {
  #parameters: ReadonlyMap<string, string> | null = null;
  #cookies: ReadonlyMap<string, string> | null = null;

  /** Another request begins. */
  forget(): void {
    this.#parameters = null;
    this.#cookies = null;
  }

  parameters(head: MessageHead, bytes: Buffer): ReadonlyMap<string, string> {
    this.#parameters ??= readParameters(head, bytes);
    return this.#parameters;
  }

  cookies(head: MessageHead, bytes: Buffer): ReadonlyMap<string, string> {
    this.#cookies ??= readCookies(head, bytes);
    return this.#cookies;
  }
}

/** Split at `&`, names and values percent-decoded. A parameter without `=` has the empty value. `+` is a plus sign. */
function readParameters(head: MessageHead, bytes: Buffer): Map<string, string> {
  const parameters = new Map<string, string>();
  if (head.queryLength === 0) return parameters;
  const query = bytes.toString('latin1', head.queryAt, head.queryAt + head.queryLength);
  for (const part of query.split('&', MAX_WORDS)) {
    const equals = part.indexOf('=');
    const name = percentDecode(equals < 0 ? part : part.slice(0, equals));
    if (name !== '' && !parameters.has(name))
      parameters.set(name, equals < 0 ? '' : percentDecode(part.slice(equals + 1)));
  }
  return parameters;
}

/** UTF-8 by RFC 3986 2.1; text that is not properly encoded stays as it is. */
function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Of all Cookie fields together, for HTTP/2 may send each pair in its own (RFC 9113 8.2.3). Quotes around a value are no part of it. */
function readCookies(head: MessageHead, bytes: Buffer): Map<string, string> {
  const cookies = new Map<string, string>();
  let left = MAX_WORDS;
  for (let i = 0; i < head.fieldCount && left > 0; i++) {
    if (!equalsLower(bytes, head.nameAt[i], head.nameLength[i], COOKIE)) continue;
    const value = bytes.toString('utf8', head.valueAt[i], head.valueAt[i] + head.valueLength[i]);
    for (const pair of value.split(';', left)) {
      left--;
      const equals = pair.indexOf('=');
      if (equals < 0) continue;
      const name = pair.slice(0, equals).trim();
      if (name !== '' && !cookies.has(name)) cookies.set(name, unquote(pair.slice(equals + 1).trim()));
    }
  }
  return cookies;
}

function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
