/** `x-request-id` for requests to services that carry none, so that one request can be followed over hops and logs. */
import { randomBytes } from 'node:crypto';
import { findField } from './codec/find-field.ts';
import type { MessageHead } from './codec/message-head.ts';

/** Unique for each thread and start; the counter makes the rest. */
const PREFIX = randomBytes(8).toString('hex');
let counter = 0;

/** The header line to insert, or '' when the request already has an id. */
export function nextRequestId(head: MessageHead, bytes: Buffer): string {
  if (findField(bytes, head, 'x-request-id') >= 0) return '';
  counter = (counter + 1) >>> 0;
  return `x-request-id: ${PREFIX}${(0x100000000 + counter).toString(16).slice(1)}\r\n`;
}
