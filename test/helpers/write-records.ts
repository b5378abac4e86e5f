/** Records of requests as a data thread writes them, for tests of what main does with them. */
import { NO_RULES, type TelemetryRules } from '../../src/contract/telemetry-rules.ts';
import { ConnectionRecord, type RecordSink } from '../../src/proxy/connection-record.ts';
import type { Draft } from '../../src/proxy/journal/draft.ts';
import { Journal } from '../../src/proxy/journal/journal.ts';
import { parseSockAddr } from '../../src/reactor/socket-address.ts';
import { bytes, parseRequest } from '../unit/proxy/codec/http1/fixture.ts';

const NOBODY: RecordSink = {
  opened: () => {},
  decided: () => {},
  moved: () => {},
  closed: () => {},
  closedTwice: () => {},
};

export type WrittenRecord = Partial<
  Pick<
    Draft,
    'grpcStatus' | 'flag' | 'detail' | 'status' | 'service' | 'route' | 'endpoint' | 'received' | 'sent' | 'attempts'
  >
> & {
  readonly head?: string;
  readonly side?: 'outbound' | 'inbound';
  readonly client?: readonly [ip: string, port: number];
  /** Proved by mutual TLS. */
  readonly principal?: string;
};

/** Each call writes one, of a connection of its own, and returns its id. */
export function writingRecords(
  ring: SharedArrayBuffer,
  rules: TelemetryRules = NO_RULES,
): (record: WrittenRecord) => string {
  const clock = { now: performance.now() };
  const journal = new Journal(ring, clock, Math.random);
  journal.setRules(rules);
  return ({ head = 'GET /a HTTP/1.1\r\nHost: orders\r\n\r\n', side = 'outbound', client, principal, ...fields }) => {
    const from = client === undefined ? null : parseSockAddr(...client);
    const record = new ConnectionRecord(side, from, null, clock.now, NOBODY);
    record.peerPrincipal = principal ?? null;
    record.requests = 1;
    clock.now = performance.now();
    const parsed = parseRequest(head);
    const draft = journal.isOn ? journal.begin(record, bytes, parsed) : journal.draftOf(record, bytes, parsed);
    if (draft === null) return '';
    Object.assign(draft, { status: 200, attempts: 1, ...fields });
    clock.now = performance.now();
    journal.end(draft, record);
    return `${record.id}-1`;
  };
}
