/** Server name and protocols of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3, RFC 7301 3.1), without decrypting anything. */
import { HEAD_LIMIT } from './sniff.ts';

export type ClientHello =
  | { readonly type: 'hello'; readonly serverName: string | null; readonly protocols: readonly string[] }
  | { readonly type: 'need-more' }
  /** Not a ClientHello, or one that breaks its own lengths, or longer than HEAD_LIMIT. */
  | { readonly type: 'malformed' };

/** As names are compared: without the dot at the end; '' = none was asked for. */
export function plainName(serverName: string | null): string {
  return serverName === null ? '' : serverName.replace(/\.+$/, '');
}

const NEED_MORE: ClientHello = { type: 'need-more' };
const MALFORMED: ClientHello = { type: 'malformed' };
const RECORD_HEADER = 5;
const HANDSHAKE_HEADER = 4;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;

/** Reads the hello from the first bytes of a connection; it may span several TCP segments and several TLS records. */
export function sniffServerName(bytes: Uint8Array, at: number, length: number): ClientHello {
  const fragments: Uint8Array[] = [];
  let collected = 0;
  let wanted = HANDSHAKE_HEADER;
  for (let i = at; i + RECORD_HEADER <= at + length; ) {
    const size = ((bytes[i + 3] as number) << 8) | (bytes[i + 4] as number);
    if (bytes[i] !== 0x16 || bytes[i + 1] !== 3 || size === 0 || size > 16_384 + 256) return MALFORMED;
    const fragment = bytes.subarray(i + RECORD_HEADER, Math.min(i + RECORD_HEADER + size, at + length));
    fragments.push(fragment);
    collected += fragment.length;
    i += RECORD_HEADER + size;
    if (fragments.length === 1 && collected > 0 && fragment[0] !== 1) return MALFORMED;
    if (collected < wanted) continue;
    const hello = fragments.length === 1 ? fragment : Buffer.concat(fragments);
    wanted = HANDSHAKE_HEADER + number(hello, 1, 3);
    if (wanted > HEAD_LIMIT) return MALFORMED;
    if (collected >= wanted) return readHello(hello.subarray(HANDSHAKE_HEADER, wanted));
  }
  return length > 0 && bytes[at] !== 0x16 ? MALFORMED : NEED_MORE;
}

/** Version, random, session id, cipher suites, compression, extensions. */
function readHello(hello: Uint8Array): ClientHello {
  let at = 2 + 32;
  at += 1 + number(hello, at, 1);
  at += 2 + number(hello, at, 2);
  at += 1 + number(hello, at, 1);
  if (at === hello.length) return { type: 'hello', serverName: null, protocols: [] };
  const end = at + 2 + number(hello, at, 2);
  if (end !== hello.length) return MALFORMED;
  let serverName: string | null = null;
  let protocols: readonly string[] = [];
  for (at += 2; at < end; ) {
    const type = number(hello, at, 2);
    const size = number(hello, at + 2, 2);
    if (!(at + 4 + size <= end)) return MALFORMED;
    const body = hello.subarray(at + 4, at + 4 + size);
    if (type === EXTENSION_SERVER_NAME) {
      serverName = readServerName(body);
      if (serverName === null) return MALFORMED;
    } else if (type === EXTENSION_ALPN) {
      const list = readProtocols(body);
      if (list === null) return MALFORMED;
      protocols = list;
    }
    at += 4 + size;
  }
  return { type: 'hello', serverName, protocols };
}

/** One host_name entry, in lower case; null if malformed. */
function readServerName(body: Uint8Array): string | null {
  const size = number(body, 3, 2);
  if (number(body, 0, 2) !== body.length - 2 || body[2] !== 0 || size === 0 || 5 + size > body.length) return null;
  const name = Buffer.from(body.subarray(5, 5 + size))
    .toString('latin1')
    .toLowerCase();
  return /^[a-z0-9._-]{1,253}$/.test(name) ? name : null;
}

function readProtocols(body: Uint8Array): string[] | null {
  if (number(body, 0, 2) !== body.length - 2) return null;
  const protocols: string[] = [];
  for (let at = 2; at < body.length; ) {
    const size = number(body, at, 1);
    if (size === 0 || at + 1 + size > body.length) return null;
    protocols.push(Buffer.from(body.subarray(at + 1, at + 1 + size)).toString('latin1'));
    at += 1 + size;
  }
  return protocols;
}

/** Big-endian number; NaN past the end, which no later comparison accepts. */
function number(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] ?? Number.NaN);
  return value;
}
