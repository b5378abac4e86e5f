/** The first bytes of a request on their way to the endpoint: its head, and what is already there of its body. */

import { COMPOSE_BYTES } from '../reactor/slab.ts';
import type { BodyFlow } from './body-flow.ts';
import type { Http1Head } from './codec/http1/http1-head.ts';
import { type ConnectionWord, NO_FIELDS, writeHead } from './codec/http1/write-head.ts';
import type { Context } from './context.ts';
import type { Forward } from './request-delivery.ts';
import { nextRequestId } from './request-id.ts';

export const HEAD_TOO_LARGE = -1;
export const BODY_REFUSED = -2;

/**
 * Writes the request whose head the parser holds, and body bytes at `at`, into the compose area. `body.consumed` tells how
 * many of those were used.
 * @returns bytes written, HEAD_TOO_LARGE, or BODY_REFUSED (see `body.refusal`)
 */
export function writeRequest(context: Context, decision: Forward, body: BodyFlow, at: number, length: number): number {
  const { head } = context.parser;
  const { slab } = context.reactor;
  const out = slab.composeArea;
  const written = writeHead(slab.bytes, head, out, COMPOSE_BYTES, {
    connection: connectionWord(head),
    edits: decision.edits,
    insert: decision.cluster === null || decision.service === '' ? NO_FIELDS : nextRequestId(head, slab.bytes),
  });
  if (written < 0) return HEAD_TOO_LARGE;
  body.consumed = 0;
  if (body.done || length === 0) return written;
  const n = body.append(at, length, out + written, COMPOSE_BYTES - written);
  return n < 0 ? BODY_REFUSED : written + n;
}

/** What our Connection line says to the endpoint. */
export function connectionWord(head: Http1Head): ConnectionWord {
  if (head.upgrade) return 'upgrade';
  return head.versionMinor === 0 && head.keepAlive ? 'keep-alive' : 'none';
}
