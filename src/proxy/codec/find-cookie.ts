/** Looking up cookies (RFC 6265 5.4) in the Cookie fields of a request; HTTP/2 may send each in a field of its own. */
import type { Element } from './http1/bytes.ts';
import { constantBytes, equalsExact, equalsLower, isBlank } from './http1/bytes.ts';
import type { MessageHead } from './message-head.ts';

const COOKIE = constantBytes('cookie');
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/** Puts the value of the first cookie of that name (case-sensitive) into `value`; false when there is none. */
export function findCookie(bytes: Uint8Array, head: MessageHead, name: Uint8Array, value: Element): boolean {
  for (let i = 0; i < head.fieldCount; i++) {
    if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, COOKIE)) continue;
    const at = head.valueAt[i] as number;
    if (findInField(bytes, at, at + (head.valueLength[i] as number), name, value)) return true;
  }
  return false;
}

function findInField(bytes: Uint8Array, from: number, end: number, name: Uint8Array, value: Element): boolean {
  for (let at = from; at < end; ) {
    while (at < end && (isBlank(bytes[at]) || bytes[at] === SEMICOLON)) at++;
    let next = at;
    while (next < end && bytes[next] !== SEMICOLON) next++;
    const valueAt = at + name.length + 1;
    if (valueAt <= next && bytes[valueAt - 1] === EQUALS && equalsExact(bytes, at, name.length, name)) {
      let last = next;
      while (last > valueAt && isBlank(bytes[last - 1])) last--;
      value.at = valueAt;
      value.length = last - valueAt;
      return true;
    }
    at = next;
  }
  return false;
}
