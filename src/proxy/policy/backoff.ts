/** How long to wait before a request is sent again. */

import { findField } from '../codec/find-field.ts';
import { isDigit } from '../codec/http1/bytes.ts';
import type { MessageHead } from '../codec/message-head.ts';

/** Envoy's full jitter, where the rule says nothing. */
const BASE_MS = 25;
const MOST_MS = 250;
/** A floor is doubled until it is this many times itself (Envoy's `max_interval`). */
const MOST_TIMES = 10;
/** What is added to a floor at random, as a share of it. */
const JITTER = 0.25;
/** Longest pause that an endpoint may ask for; one that asks for more is not listened to (Envoy, Kuma). */
const MOST_ASKED_MS = 300_000;
/** X-RateLimit-Reset above this is a date (Unix seconds), below it seconds from now. */
const DATE_FROM = 1_000_000_000;
const MAX_DIGITS = 10;
const MINUS = 0x2d;

/** The endpoint does not say. */
export const NOT_ASKED = -1;
/** The endpoint asks for no retry at all. */
export const ASKED_NEVER = -2;

/**
 * ms before retry number `retry` (1, 2, ...).
 * @param floorMs of the rule, -1 = none: then anything from 0 to (2^n - 1) * 25 ms, at most 250 ms
 * @param random uniform in [0, 1)
 */
export function pauseMs(floorMs: number, retry: number, random: number): number {
  if (floorMs < 0) return random * Math.min(MOST_MS, (2 ** retry - 1) * BASE_MS);
  return floorMs * Math.min(2 ** (retry - 1), MOST_TIMES) * (1 + random * JITTER);
}

/**
 * ms that an answer asks to wait: Retry-After (seconds or a date, RFC 9110 10.2.3), else X-RateLimit-Reset (seconds or a Unix time).
 * @param unixMs the time of day
 * @returns NOT_ASKED also for more than 300 s and for what cannot be understood
 */
export function askedPauseMs(bytes: Buffer, head: MessageHead, unixMs: number): number {
  const retryAfter = findField(bytes, head, 'retry-after');
  const asked = retryAfter < 0 ? NOT_ASKED : readRetryAfter(bytes, head, retryAfter, unixMs);
  if (isAllowed(asked)) return asked;
  const reset = findField(bytes, head, 'x-ratelimit-reset');
  if (reset < 0) return NOT_ASKED;
  const value = readNumber(bytes, head.valueAt[reset], head.valueLength[reset]);
  const resetMs = value >= DATE_FROM ? Math.max(0, value * 1000 - unixMs) : value * 1000;
  return value >= 0 && isAllowed(resetMs) ? resetMs : NOT_ASKED;
}

function isAllowed(ms: number): boolean {
  return ms >= 0 && ms <= MOST_ASKED_MS;
}

function readRetryAfter(bytes: Buffer, head: MessageHead, field: number, unixMs: number): number {
  const at = head.valueAt[field];
  const length = head.valueLength[field];
  const seconds = readNumber(bytes, at, length);
  if (seconds >= 0) return seconds * 1000;
  // An IMF-fixdate is 29 characters; the two obsolete forms are not worth reading.
  const text = length === 29 ? bytes.toString('latin1', at, at + length) : '';
  const date = text.endsWith(' GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? NOT_ASKED : Math.max(0, date - unixMs);
}

/** `grpc-retry-pushback-ms` (gRPC A6): a negative number, or nonsense, means never. */
export function pushbackMs(bytes: Buffer, head: MessageHead): number {
  const field = findField(bytes, head, 'grpc-retry-pushback-ms');
  if (field < 0) return NOT_ASKED;
  const at = head.valueAt[field];
  if (bytes[at] === MINUS) return ASKED_NEVER;
  const ms = readNumber(bytes, at, head.valueLength[field]);
  return isAllowed(ms) ? ms : ASKED_NEVER;
}

/** A whole number of at most ten digits, or -1. */
function readNumber(bytes: Buffer, at: number, length: number): number {
  if (length === 0 || length > MAX_DIGITS) return -1;
  let value = 0;
  for (let i = at; i < at + length; i++) {
    if (!isDigit(bytes[i])) return -1;
    value = value * 10 + bytes[i] - 0x30;
  }
  return value;
}
