/** What the fields mean that the codec acts on: Connection, Host, Upgrade, Expect, Keep-Alive. */
import { isAuthority } from './authority.ts';
import { constantBytes, type Element, equalsLower, isDigit, nextElement, startsLower } from './bytes.ts';
import {
  FIELD_CONNECTION,
  FIELD_EXPECT,
  FIELD_HOST,
  FIELD_KEEP_ALIVE,
  FIELD_UPGRADE,
  type Http1Head,
  MAX_NOMINATED,
  OPTION_CLOSE,
  OPTION_KEEP_ALIVE,
  OPTION_OTHER,
  OPTION_TE,
  OPTION_UPGRADE,
} from './http1-head.ts';
import type { RefusalId } from './refusals.ts';

const CLOSE = constantBytes('close');
const KEEP_ALIVE = constantBytes('keep-alive');
const UPGRADE = constantBytes('upgrade');
const TE = constantBytes('te');
const WEBSOCKET = constantBytes('websocket');
const CONTINUE = constantBytes('100-continue');
const TIMEOUT = constantBytes('timeout=');
const element: Element = { at: 0, length: 0 };

/** Reads every such field into the head. Returns why the message must be refused, or null. */
export function readFields(bytes: Uint8Array, head: Http1Head): RefusalId | null {
  for (let i = 0; i < head.fieldCount; i++) {
    const at = head.valueAt[i] as number;
    const length = head.valueLength[i] as number;
    switch (head.fieldKind[i]) {
      case FIELD_HOST:
        if (!head.isRequest) break;
        if (head.hostField >= 0) return 'two-hosts';
        if (!isAuthority(bytes, at, length, false)) return 'bad-host';
        head.hostField = i;
        break;
      case FIELD_CONNECTION:
        if (!readConnection(bytes, at, at + length, head)) return 'too-many-options';
        break;
      case FIELD_UPGRADE:
        findWebSocket(bytes, at, at + length, head);
        break;
      case FIELD_EXPECT:
        if (equalsLower(bytes, at, length, CONTINUE)) head.expectContinue = head.isRequest && head.versionMinor === 1;
        break;
      case FIELD_KEEP_ALIVE:
        readKeepAlive(bytes, at, at + length, head);
        break;
    }
  }
  head.keepAlive = keepsAlive(head);
  return head.isRequest ? settleHost(head) : null;
}

/** RFC 9112 9.3: `close` wins; HTTP/1.0 stays open only if it says so. */
function keepsAlive(head: Http1Head): boolean {
  if ((head.connectionOptions & OPTION_CLOSE) !== 0) return false;
  return head.versionMinor === 1 || (head.connectionOptions & OPTION_KEEP_ALIVE) !== 0;
}

/** RFC 9112 3.2: exactly one Host on HTTP/1.1; the target's authority overrules it. */
function settleHost(head: Http1Head): RefusalId | null {
  if (head.hostField < 0) return head.versionMinor === 1 ? 'no-host' : null;
  if (!head.absoluteForm && !head.isConnect) {
    head.authorityAt = head.valueAt[head.hostField] as number;
    head.authorityLength = head.valueLength[head.hostField] as number;
  }
  return null;
}

function readConnection(bytes: Uint8Array, from: number, end: number, head: Http1Head): boolean {
  for (let next = nextElement(bytes, from, end, element); next >= 0; next = nextElement(bytes, next, end, element)) {
    const option = optionBit(bytes, element.at, element.length);
    head.connectionOptions |= option;
    if (option !== OPTION_OTHER) continue;
    if (head.nominatedCount === MAX_NOMINATED) return false;
    head.nominatedAt[head.nominatedCount] = element.at;
    head.nominatedLength[head.nominatedCount] = element.length;
    head.nominatedCount++;
  }
  return true;
}

function optionBit(bytes: Uint8Array, at: number, length: number): number {
  if (equalsLower(bytes, at, length, KEEP_ALIVE)) return OPTION_KEEP_ALIVE;
  if (equalsLower(bytes, at, length, CLOSE)) return OPTION_CLOSE;
  if (equalsLower(bytes, at, length, UPGRADE)) return OPTION_UPGRADE;
  return equalsLower(bytes, at, length, TE) ? OPTION_TE : OPTION_OTHER;
}

/** The only protocol that is let through; `h2c` in particular is not (RFC 9113 3.1). */
function findWebSocket(bytes: Uint8Array, from: number, end: number, head: Http1Head): void {
  for (let next = nextElement(bytes, from, end, element); next >= 0; next = nextElement(bytes, next, end, element)) {
    if (!equalsLower(bytes, element.at, element.length, WEBSOCKET)) continue;
    head.upgradeAt = element.at;
    head.upgradeLength = element.length;
    return;
  }
}

/** `Keep-Alive: timeout=5, max=100`, as servers send it; no RFC in force defines it. */
function readKeepAlive(bytes: Uint8Array, from: number, end: number, head: Http1Head): void {
  for (let next = nextElement(bytes, from, end, element); next >= 0; next = nextElement(bytes, next, end, element)) {
    if (!startsLower(bytes, element.at, element.length, TIMEOUT)) continue;
    let seconds = 0;
    for (let i = element.at + TIMEOUT.length; i < element.at + element.length; i++) {
      if (!isDigit(bytes[i]) || seconds > 1_000_000) return;
      seconds = seconds * 10 + (bytes[i] as number) - 0x30;
    }
    head.keepAliveTimeoutMs = seconds * 1000;
  }
}
