/** How a request's head is to be written on its way to the endpoint. */
import type { CompiledEdits } from '../codec/http1/header-edits.ts';
import { NO_FIELDS } from '../codec/http1/write-head.ts';
import type { Http2HeadPlan } from '../codec/http2/hpack-encoder.ts';
import type { Draft } from '../journal/draft.ts';
import { newTraceFields, traceEdits } from '../journal/trace-context.ts';
import { renderRequestId } from '../request-id.ts';

/** Reused: a plan is read while the head is written, and not kept. */
const plan: { -readonly [K in keyof Http2HeadPlan]: Http2HeadPlan[K] } = {
  edits: null,
  insert: NO_FIELDS,
  scheme: 'received',
};

/**
 * Valid until the next call.
 * @param requestNumber 0 = the request came with an id, or shall have none
 * @param secured it goes over TLS, and `:scheme` says so
 * @param draft what is noted of the request; null = nothing
 */
export function planRequest(
  edits: CompiledEdits | null,
  requestNumber: number,
  secured: boolean,
  draft: Draft | null,
): Http2HeadPlan {
  plan.edits = edits;
  plan.scheme = secured ? 'https' : 'received';
  plan.insert = requestNumber === 0 ? NO_FIELDS : renderRequestId(requestNumber);
  if (draft !== null) {
    plan.edits = traceEdits(draft, edits);
    plan.insert = newTraceFields(draft, plan.insert);
  }
  return plan;
}
