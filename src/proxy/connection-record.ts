/** One record for each captured connection: opened at accept, closed exactly once, whatever path the connection took. */
import type { SockAddr } from '../reactor/socket-address.ts';
import type { Counters } from './counters.ts';
import type { ResponseFlag } from './response-flags.ts';

export type Side = 'outbound' | 'inbound';
export type RecordedVerdict = 'http1' | 'http2' | 'tls' | 'opaque' | 'none';

/** How the connection ended. */
export type Ending =
  /** FIN in both directions, or the HTTP exchange was complete. */
  | 'closed'
  /** A peer reset it, or we did because the other side was reset. */
  | 'reset'
  /** The destination refused or could not be reached. */
  | 'unreachable'
  /** We refused it: loop, limits, protocol error. */
  | 'refused'
  | 'timeout'
  | 'drained';

export class ConnectionRecord {
  readonly side: Side;
  readonly client: SockAddr | null;
  readonly destination: SockAddr | null;
  /** ms of the reactor's clock. */
  readonly openedAt: number;
  verdict: RecordedVerdict = 'none';
  /** Why the verdict: declared, client-bytes, server-first, silent-end, undecided. */
  reason = 'none';
  /** `<namespace>/<name>`, '' = not a service of the mesh. */
  service = '';
  /** `ip:port` that an opaque connection was sent to. */
  endpoint = '';
  flag: ResponseFlag | '' = '';
  /** More words for the log, such as `connection refused`. */
  detail = '';
  bytesFromClient = 0;
  bytesToClient = 0;
  requests = 0;
  #closed = false;
  readonly #sink: RecordSink;

  constructor(side: Side, client: SockAddr | null, destination: SockAddr | null, openedAt: number, sink: RecordSink) {
    this.side = side;
    this.client = client;
    this.destination = destination;
    this.openedAt = openedAt;
    this.#sink = sink;
    sink.opened(this);
  }

  /** Notes what sniffing (or a declaration) decided; counted once. */
  decide(verdict: Exclude<RecordedVerdict, 'none'>, reason: string): void {
    this.verdict = verdict;
    this.reason = reason;
    this.#sink.decided(this);
  }

  /** A second close is a bug: it is counted where a test sees it, and changes nothing else. */
  close(ending: Ending): void {
    if (this.#closed) {
      this.#sink.closedTwice(this);
      return;
    }
    this.#closed = true;
    this.#sink.closed(this, ending);
  }
}

export interface RecordSink {
  opened(record: ConnectionRecord): void;
  decided(record: ConnectionRecord): void;
  closed(record: ConnectionRecord, ending: Ending): void;
  closedTwice(record: ConnectionRecord): void;
}

/** Turns records into counters, and into a line for the log when a connection did not end well. */
export class CountingSink implements RecordSink {
  readonly #counters: Counters;
  readonly #log: (record: ConnectionRecord, ending: Ending) => void;
  readonly #cache = new Map<string, number>();

  constructor(counters: Counters, log: (record: ConnectionRecord, ending: Ending) => void) {
    this.#counters = counters;
    this.#log = log;
  }

  opened(record: ConnectionRecord): void {
    this.#add('towpath_connections_opened_total', record.side, '', '', '', 1);
  }

  decided(record: ConnectionRecord): void {
    this.#add('towpath_verdicts_total', record.side, record.verdict, record.reason, '', 1);
  }

  closed(record: ConnectionRecord, ending: Ending): void {
    const { side, verdict, service } = record;
    this.#add('towpath_connections_closed_total', side, verdict, ending, service, 1);
    this.#add('towpath_connection_received_bytes_total', side, verdict, '', service, record.bytesFromClient);
    this.#add('towpath_connection_sent_bytes_total', side, verdict, '', service, record.bytesToClient);
    if (ending !== 'closed') this.#log(record, ending);
  }

  closedTwice(record: ConnectionRecord): void {
    this.#add('towpath_internal_errors_total', record.side, '', 'record-closed-twice', '', 1);
  }

  #add(name: string, side: Side, verdict: string, reason: string, service: string, amount: number): void {
    const key = `${name}|${side}|${verdict}|${reason}|${service}`;
    let index = this.#cache.get(key);
    if (index === undefined) {
      const closed = name === 'towpath_connections_closed_total';
      const labels: Record<string, string> = { side };
      if (verdict !== '') labels['verdict'] = verdict;
      if (reason !== '') labels[closed ? 'ending' : 'reason'] = reason;
      if (service !== '' || closed || name.includes('_bytes_')) labels['service'] = service;
      index = this.#counters.series(name, labels);
      this.#cache.set(key, index);
    }
    this.#counters.add(index, amount);
  }
}
