/** Writes the records of requests and connections into the ring. */
import { copyBytes, copyPiece, Piece } from '../../core/piece.ts';
import {
  AT_ATTEMPTS,
  AT_BITS,
  AT_CLUSTER,
  AT_DURATION,
  AT_ENDING,
  AT_ENDPOINT,
  AT_FIRST_BYTE,
  AT_FLAG,
  AT_GRPC_STATUS,
  AT_KIND,
  AT_LOG_RULE,
  AT_REASON,
  AT_RECEIVED,
  AT_REQUEST,
  AT_REQUEST_NUMBER,
  AT_ROUTE,
  AT_RULES,
  AT_SENT,
  AT_SERVICE,
  AT_STARTED,
  AT_STATUS,
  AT_TEXTS,
  AT_TRACE,
  AT_TRACE_RULE,
} from '../../telemetry/records/record-layout.ts';
import { NO_ROOM, type RingWriter } from '../../telemetry/records/record-ring.ts';
import type { ConnectionRecord } from '../connection-record.ts';
import { connectionId } from './connection-id.ts';
import { DRAFT_BYTES, type Draft } from './draft.ts';
import type { WordTable } from './word-table.ts';

const MOST_DETAIL = 1024;
const MOST_EVENTS = 2048;
const MOST_SHARED = 1024;
/** Most bytes of one record. */
export const MOST_RECORD = AT_TEXTS + MOST_SHARED + MOST_DETAIL + MOST_EVENTS + DRAFT_BYTES + 64;

/** @param kind KIND_REQUEST or KIND_CONNECTION @param startedMs wall clock @param now of the reactor's clock @param ending '' = none */
export function writeRecord(
  ring: RingWriter,
  table: WordTable,
  kind: number,
  draft: Draft,
  record: ConnectionRecord,
  startedMs: number,
  now: number,
  ending: string,
): void {
  table.makeRoom();
  const service = table.numberOf(draft.service, 0);
  const route = table.numberOf(draft.route, 1);
  const cluster = table.numberOf(draft.cluster, 2);
  const endpoint = table.numberOf(draft.endpoint, 3);
  const flag = table.numberOf(draft.flag, 4);
  const end = table.numberOf(ending, 5);
  const reason = table.numberOf(ending === '' ? '' : `${record.verdict} ${record.reason}`, 6);
  const at = ring.reserve(MOST_RECORD);
  if (at === NO_ROOM) return;
  const w = at >> 2;
  const { words } = ring;
  words[w + (AT_KIND >> 2)] = kind;
  words[w + (AT_SERVICE >> 2)] = service;
  words[w + (AT_ROUTE >> 2)] = route;
  words[w + (AT_CLUSTER >> 2)] = cluster;
  words[w + (AT_ENDPOINT >> 2)] = endpoint;
  words[w + (AT_FLAG >> 2)] = flag;
  words[w + (AT_ENDING >> 2)] = end;
  words[w + (AT_REASON >> 2)] = reason;
  words[w + (AT_REQUEST >> 2)] = record.requests;
  writeNumbers(ring, at, draft, startedMs, now);
  ring.commit(at, writeTexts(ring, at, draft, record));
}

function writeNumbers({ words, doubles }: RingWriter, at: number, draft: Draft, startedMs: number, now: number): void {
  const d = at >> 3;
  doubles[d + (AT_STARTED >> 3)] = startedMs;
  doubles[d + (AT_DURATION >> 3)] = now - draft.startedAt;
  doubles[d + (AT_FIRST_BYTE >> 3)] = draft.firstByteAt < 0 ? -1 : draft.firstByteAt - draft.startedAt;
  doubles[d + (AT_RECEIVED >> 3)] = draft.received;
  doubles[d + (AT_SENT >> 3)] = draft.sent;
  const w = at >> 2;
  words[w + (AT_STATUS >> 2)] = draft.status;
  words[w + (AT_GRPC_STATUS >> 2)] = draft.grpcStatus;
  words[w + (AT_ATTEMPTS >> 2)] = draft.attempts;
  words[w + (AT_BITS >> 2)] = draft.bits;
  words[w + (AT_RULES >> 2)] = draft.rules.number;
  words[w + (AT_LOG_RULE >> 2)] = draft.logRule;
  words[w + (AT_TRACE_RULE >> 2)] = draft.traceRule;
  words[w + (AT_REQUEST_NUMBER >> 2)] = draft.requestNumber;
  const { trace } = draft;
  for (let i = 0; i < 8; i++) words[w + (AT_TRACE >> 2) + i] = trace[i] as number;
}

/** Returns the length of the whole record. */
function writeTexts(ring: RingWriter, at: number, draft: Draft, record: ConnectionRecord): number {
  record.sharedTexts ??= sharedTexts(record);
  const shared = record.sharedTexts;
  let to = at + AT_TEXTS;
  copyPiece(shared, ring.view, to);
  to += shared.length;
  to += writeText(ring, to, draft.detail, MOST_DETAIL);
  to += writeText(ring, to, draft.events, MOST_EVENTS);
  copyBytes(draft.view, 0, draft.length, ring.view, to);
  return to + draft.length - at;
}

function writeText({ bytes, view }: RingWriter, at: number, text: string, most: number): number {
  const n = text === '' ? 0 : bytes.write(text, at + 2, most, 'latin1');
  view.setUint16(at, n, true);
  return n + 2;
}

/** The texts that all records of a connection begin with: id, client, destination, principal. */
function sharedTexts(record: ConnectionRecord): Piece {
  const { client, destination, peerPrincipal } = record;
  const principal = peerPrincipal === null ? '' : `spiffe://${peerPrincipal}`;
  const texts = [connectionId(record), String(client ?? ''), String(destination ?? ''), principal];
  const pieces = texts.flatMap((text) => {
    const bytes = Buffer.from(text, 'latin1').subarray(0, MOST_SHARED / 4 - 2);
    return [Buffer.of(bytes.length & 0xff, bytes.length >> 8), bytes];
  });
  return new Piece(Buffer.concat(pieces));
}
