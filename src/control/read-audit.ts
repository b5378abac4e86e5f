import type { BusMessage, RecordStream } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES, MAX_VIEW_BYTES } from '../contract/decode.ts';
import {
  type AuditEvent,
  type AuditReply,
  auditEventSchema,
  auditRequestSchema,
} from '../contract/operator-messages.ts';
import type { ControlParts } from './control-parts.ts';
import { rejectRequest } from './reject-request.ts';

const PARALLEL_READS = 32;
/** Looked at for one answer, whatever is found. */
const MAX_READS = 20_000;
const MAX_ANSWER_BYTES = 700_000;
/** Records read after the time of a change, to find who made it: many changes may have been made in the same moment. */
const MAX_LOOK_AHEAD = 300;
/** The store's clock and that of the audit stream may differ by this much in a cluster. */
const CLOCK_MARGIN_MS = 250;

/** `control.audit.list`: who changed what, the newest events within the limits, oldest first. */
export async function listAudit(parts: ControlParts, request: BusMessage): Promise<AuditReply> {
  const body = decodeJson(request.data.length === 0 ? EMPTY : request.data, auditRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { sinceMs, limit, id } = body.value;
  const from = sinceMs === undefined ? 0 : Date.now() - sinceMs;
  const found: AuditEvent[] = [];
  let bytes = 0;
  let truncated = false;
  for await (const record of newestFirst(parts.bus.records(parts.subjects.auditStream))) {
    if (record.timeMs < from) break;
    const event = eventOf(record.data, id);
    if (event === null) continue;
    bytes += Buffer.byteLength(JSON.stringify(event));
    truncated = found.length >= limit || bytes > MAX_ANSWER_BYTES;
    if (truncated) break;
    found.push(event);
  }
  return { events: found.reverse(), truncated };
}
const EMPTY = new TextEncoder().encode('{}');

async function* newestFirst(stream: RecordStream) {
  const range = await stream.range();
  if (range === null) return;
  const oldest = Math.max(range.first, range.last - MAX_READS);
  for (let last = range.last; last >= oldest; last -= PARALLEL_READS) {
    const sequences = Array.from({ length: Math.min(PARALLEL_READS, last - oldest + 1) }, (_, i) => last - i);
    const records = await Promise.all(sequences.map((sequence) => stream.read(sequence)));
    for (const record of records) if (record !== null) yield record;
  }
}

/** null: malformed, or about other resources. */
function eventOf(data: Uint8Array, id: string | undefined): AuditEvent | null {
  const event = decodeJson(data, auditEventSchema, MAX_VIEW_BYTES);
  if (!event.ok) return null;
  if (id === undefined) return event.value;
  const results = event.value.results.filter((result) => result.id === id);
  return results.length === 0 ? null : { ...event.value, results };
}

/** Finds in the audit stream who made a change, by its time: the stream is read where that time lies. */
export class AuditFinder {
  readonly #stream: RecordStream;
  readonly #read = new Map<number, Promise<{ timeMs: number; event: AuditEvent | null } | null>>();

  constructor(stream: RecordStream) {
    this.#stream = stream;
  }

  /** The event that wrote a revision of a resource, or deleted it (`revision` null); null when it is not kept. Rejects with BusError. */
  async find(id: string, revision: number | null, timeMs: number): Promise<AuditEvent | null> {
    const range = await this.#stream.range();
    if (range === null) return null;
    const start = await firstNotBefore(range.first, range.last, timeMs - CLOCK_MARGIN_MS, (at) => this.#timeAt(at));
    for (let at = start; at <= range.last && at < start + MAX_LOOK_AHEAD; at++) {
      const event = (await this.#at(at))?.event;
      if (event?.results.some((result) => result.id === id && isOf(result, revision)) === true) return event;
    }
    return null;
  }

  async #timeAt(sequence: number): Promise<number> {
    return (await this.#at(sequence))?.timeMs ?? 0;
  }

  #at(sequence: number) {
    const known = this.#read.get(sequence);
    if (known !== undefined) return known;
    const read = this.#stream
      .read(sequence)
      .then((record) => (record === null ? null : { timeMs: record.timeMs, event: eventOf(record.data, undefined) }));
    this.#read.set(sequence, read);
    return read;
  }
}

function isOf(result: AuditEvent['results'][number], revision: number | null): boolean {
  return revision === null ? result.outcome === 'deleted' : result.revision === revision;
}

/** The first of the places `first..last`, which are in order of time, whose time is not before `timeMs`; `last + 1`: none. */
export async function firstNotBefore(
  first: number,
  last: number,
  timeMs: number,
  timeAt: (place: number) => Promise<number>,
): Promise<number> {
  let [low, high] = [first, last + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await timeAt(middle)) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
