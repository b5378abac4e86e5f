/** `x-request-id` for requests to services that carry none, so that one request can be followed over hops and logs. */
import { randomBytes } from 'node:crypto';
import { findField } from './codec/find-field.ts';
import { constantBytes } from './codec/http1/bytes.ts';
import { NO_FIELDS } from './codec/http1/write-head.ts';
import type { Inserted } from './codec/http2/hpack-inserted.ts';
import type { MessageHead } from './codec/message-head.ts';

/** Unique for each thread and start; the counter makes the rest. */
export const REQUEST_ID_PREFIX = randomBytes(8).toString('hex');
const COUNTER_DIGITS = 8;
let counter = 0;

/** The field to insert, valid until the next call; none when the request already has an id. */
export function nextRequestId(head: MessageHead, bytes: Buffer): readonly Inserted[] {
  return findField(bytes, head, 'x-request-id') >= 0 ? NO_FIELDS : renderRequestId(takeRequestNumber());
}

/** The number of a request that gets an id of ours; the same number renders the same id. */
export function takeRequestNumber(): number {
  counter = (counter + 1) >>> 0;
  return counter;
}

const value = constantBytes(`${REQUEST_ID_PREFIX}00000000`);
const FIELD: readonly Inserted[] = [{ name: constantBytes('x-request-id'), value }];

/** The number that was taken last. */
export function lastRequestNumber(): number {
  return counter;
}

/** The field to insert, valid until the next call. */
export function renderRequestId(number: number): readonly Inserted[] {
  let rest = number;
  for (let i = value.length - 1; i >= value.length - COUNTER_DIGITS; i--) {
    const digit = rest & 15;
    value[i] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest >>>= 4;
  }
  return FIELD;
}
