/** The first bytes of a request on their way to the endpoint: its head, and what is already there of its body. */

import { COMPOSE_BYTES } from '../reactor/slab.ts';
import type { BodyFlow } from './body-flow.ts';
import type { Http1Head } from './codec/http1/http1-head.ts';
import { type ConnectionWord, NO_FIELDS, writeHead } from './codec/http1/write-head.ts';
import type { Inserted } from './codec/http2/hpack-inserted.ts';
import type { Context } from './context.ts';
import type { Draft } from './journal/draft.ts';
import { newTraceFields, traceEdits } from './journal/trace-context.ts';
import type { Forward } from './request-delivery.ts';
import { lastRequestNumber, nextRequestId } from './request-id.ts';

export const HEAD_TOO_LARGE = -1;
export const BODY_REFUSED = -2;

/**
 * Writes the request whose head the parser holds, and body bytes at `at`, into the compose area. `body.consumed` tells how
 * many of those were used.
 * @param draft what is noted of the request; null = nothing
 * @returns bytes written, HEAD_TOO_LARGE, or BODY_REFUSED (see `body.refusal`)
 */
export function writeRequest(
  context: Context,
  decision: Forward,
  draft: Draft | null,
  body: BodyFlow,
  at: number,
  length: number,
): number {
  const { head } = context.parser;
  const { slab } = context.reactor;
  const out = slab.composeArea;
  const insert = decision.cluster === null || decision.service === '' ? NO_FIELDS : nextRequestId(head, slab.bytes);
  const written = writeHead(slab.bytes, head, out, COMPOSE_BYTES, {
    connection: connectionWord(head),
    edits: draft === null ? decision.edits : traceEdits(draft, decision.edits),
    insert: draft === null ? insert : withTrace(draft, insert),
  });
  if (written < 0) return HEAD_TOO_LARGE;
  body.consumed = 0;
  if (body.done || length === 0) return written;
  const n = body.append(at, length, out + written, COMPOSE_BYTES - written);
  return n < 0 ? BODY_REFUSED : written + n;
}

/** @param id the field of an id of ours, or none */
function withTrace(draft: Draft, id: readonly Inserted[]): readonly Inserted[] {
  if (id.length > 0) draft.requestNumber = lastRequestNumber();
  return newTraceFields(draft, id);
}

/** What our Connection line says to the endpoint. */
export function connectionWord(head: Http1Head): ConnectionWord {
  if (head.upgrade) return 'upgrade';
  return head.versionMinor === 0 && head.keepAlive ? 'keep-alive' : 'none';
}
