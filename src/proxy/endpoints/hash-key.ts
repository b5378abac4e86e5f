/** What consistent hashing goes by in one request or connection. Reads the bytes in place. */
import type { HashView } from '../../contract/cluster-views.ts';
import { assertNever } from '../../core/result.ts';
import type { SockAddr } from '../../reactor/socket-address.ts';
import { findCookie } from '../codec/find-cookie.ts';
import { constantBytes, type Element, equalsExact, equalsLower } from '../codec/http1/bytes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { hashBytes, hashText, mix } from './hash-bytes.ts';
import { NO_KEY } from './pick-context.ts';

/** A HashView, ready for use. */
export type HashPlan =
  | { readonly type: 'SourceIP' }
  | { readonly type: 'Header'; readonly lowerName: Uint8Array }
  | {
      readonly type: 'Cookie';
      readonly text: string;
      readonly name: Uint8Array;
      /** ms; -1: clients without one get none. */
      readonly ttlMs: number;
    }
  | { readonly type: 'QueryParam'; readonly name: Uint8Array };

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const found: Element = { at: 0, length: 0 };

export function planHash(view: HashView): HashPlan {
  switch (view.type) {
    case 'SourceIP':
      return view;
    case 'Header':
      return { type: 'Header', lowerName: constantBytes(view.name.toLowerCase()) };
    case 'Cookie':
      return { type: 'Cookie', text: view.name, name: constantBytes(view.name), ttlMs: view.ttlMs ?? -1 };
    case 'QueryParam':
      return { type: 'QueryParam', name: constantBytes(view.name) };
    default:
      return assertNever(view);
  }
}

/** 0 to 2^31 - 1; NO_KEY when the request has no such thing, or an empty one. */
export function keyOfRequest(plan: HashPlan, client: SockAddr | null, head: MessageHead, bytes: Uint8Array): number {
  switch (plan.type) {
    case 'SourceIP':
      return keyOfAddress(client);
    case 'Header':
      return keyOfHeader(plan.lowerName, head, bytes);
    case 'Cookie':
      return findCookie(bytes, head, plan.name, found) ? keyOfBytes(bytes, found) : NO_KEY;
    case 'QueryParam':
      return findParameter(plan.name, head, bytes) ? keyOfBytes(bytes, found) : NO_KEY;
    default:
      return assertNever(plan);
  }
}

/** The client's address without its port. */
export function keyOfAddress(client: SockAddr | null): number {
  if (client === null) return NO_KEY;
  return mix(client.a ^ mix(client.b ^ mix(client.c ^ mix(client.d ^ client.family))));
}

/** The key of a cookie value that was just made. */
export function keyOfText(value: string): number {
  return hashText(value);
}

function keyOfHeader(lowerName: Uint8Array, head: MessageHead, bytes: Uint8Array): number {
  for (let i = 0; i < head.fieldCount; i++) {
    if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, lowerName)) continue;
    found.at = head.valueAt[i] as number;
    found.length = head.valueLength[i] as number;
    return keyOfBytes(bytes, found);
  }
  return NO_KEY;
}

function keyOfBytes(bytes: Uint8Array, { at, length }: Element): number {
  return length === 0 ? NO_KEY : hashBytes(bytes, at, length);
}

/** The first parameter of that name, as it was sent: percent-encoding is not undone. */
function findParameter(name: Uint8Array, { queryAt, queryLength }: MessageHead, bytes: Uint8Array): boolean {
  const end = queryAt + queryLength;
  for (let at = queryAt; at < end; ) {
    let next = at;
    while (next < end && bytes[next] !== AMPERSAND) next++;
    const valueAt = at + name.length + 1;
    if (valueAt <= next && bytes[valueAt - 1] === EQUALS && equalsExact(bytes, at, name.length, name)) {
      found.at = valueAt;
      found.length = next - valueAt;
      return true;
    }
    at = next + 1;
  }
  return false;
}
