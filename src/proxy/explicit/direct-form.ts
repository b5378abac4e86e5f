/** What a proxy changes in a request before it goes to its server: the target's form, and what was meant for the proxy alone. */
import { constantBytes, equalsExact, equalsLower } from '../codec/http1/bytes.ts';
import { FIELD_HOP, Http1Head } from '../codec/http1/http1-head.ts';
import { Http2Head } from '../codec/http2/http2-head.ts';
import type { MessageHead } from '../codec/message-head.ts';

const PROXY_AUTHORIZATION = constantBytes('proxy-authorization');
const OPTIONS = constantBytes('OPTIONS');
const SP = 0x20;
const SLASH = 0x2f;
const STAR = 0x2a;

/** Changes the head that was parsed last, in place and once: it is about to be forwarded. */
export function makeDirect(bytes: Buffer, head: MessageHead): void {
  cutCredentials(bytes, head);
  if (head instanceof Http1Head && head.absoluteForm) makeOriginForm(bytes, head);
}

/** Proxy-Authorization is for the first proxy that asked for it (RFC 9110 11.7.2): nobody behind us. */
function cutCredentials(bytes: Buffer, head: MessageHead): void {
  for (let i = head.fieldCount - 1; i >= 0; i--) {
    if (!equalsLower(bytes, head.nameAt[i], head.nameLength[i], PROXY_AUTHORIZATION)) continue;
    if (head instanceof Http1Head) {
      head.fieldKind[i] = FIELD_HOP;
      head.hopFields++;
    } else if (head instanceof Http2Head) removeField(head, i);
  }
}

function removeField(head: Http2Head, index: number): void {
  const last = --head.fieldCount;
  const { nameAt, nameLength, valueAt, valueLength, fieldKind, fieldFlags, fieldToken } = head;
  for (const column of [nameAt, nameLength, valueAt, valueLength, fieldKind, fieldFlags, fieldToken]) {
    column.copyWithin(index, index + 1, last + 1);
  }
  head.sectionId = 0;
}

/**
 * `GET http://host/path` -> `GET /path`: servers must get the origin form (RFC 9112 3.2.1), and OPTIONS without a path `*`
 * (3.2.4). The authority, from which Host is written, moves to the front; both together are shorter than what was there.
 */
function makeOriginForm(bytes: Buffer, head: Http1Head): void {
  const { startAt, methodAt, methodLength, authorityAt, authorityLength } = head;
  const end = head.targetAt + head.targetLength;
  const isBare = head.pathLength === 0;
  const isStar = isBare && head.pathAt === end && equalsExact(bytes, methodAt, methodLength, OPTIONS);
  const targetAt = isBare ? head.pathAt - 1 : head.pathAt;
  const method = new Uint8Array(bytes.subarray(methodAt, methodAt + methodLength));
  bytes.copyWithin(startAt, authorityAt, authorityAt + authorityLength);
  head.authorityAt = startAt;
  if (isBare) bytes[targetAt] = isStar ? STAR : SLASH;
  bytes[targetAt - 1] = SP;
  head.methodAt = targetAt - 1 - methodLength;
  bytes.set(method, head.methodAt);
  head.startAt = head.methodAt;
  head.targetAt = targetAt;
  head.targetLength = end - targetAt;
  head.pathAt = isStar ? end : targetAt;
  head.pathLength = isStar ? 0 : isBare ? 1 : head.pathLength;
}
