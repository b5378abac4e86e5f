/** One record for each captured connection: opened at accept, closed exactly once, whatever path the connection took. */
import type { Piece } from '../core/piece.ts';
import type { SockAddr } from '../reactor/socket-address.ts';
import type { Counters } from './counters.ts';
import type { Moved } from './request-bytes.ts';
import { NO_METHOD } from './request-method.ts';
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
  /** Why the verdict: declared, alpn, client-bytes, server-first, silent-end, undecided. */
  reason = 'none';
  /** `<namespace>/<name>`, '' = not a service of the mesh. */
  service = '';
  /** `<namespace>/<route>/<rule>` that chose where a connection goes as a whole; '' = none did. */
  route = '';
  /** `ip:port` that an opaque connection was sent to. */
  endpoint = '';
  flag: ResponseFlag | '' = '';
  /** More words for the log, such as `connection refused`. */
  detail = '';
  bytesFromClient = 0;
  bytesToClient = 0;
  /** The client's; null where nobody looks. */
  socket: Moved | null = null;
  /** HTTP/1.1: what of both is counted for requests (`request-bytes.ts`). */
  countedFromClient = 0;
  countedToClient = 0;
  requests = 0;
  /** HTTP/1.1: of the request that is under way, as `methodOf`. */
  method = NO_METHOD;
  /** Who dialled, proved by mutual TLS: `<trust-domain>/ns/<namespace>/sa/<account>`, as Istio writes `source.principal`; null = nobody knows. */
  peerPrincipal: string | null = null;
  /** Under which identity of this host it was accepted, written alike; null = without mutual TLS. */
  localPrincipal: string | null = null;
  /**
   * Inbound: the server name that was asked for (SNI), in lower case without a dot at the end: by the program's own TLS where a policy wants to
   * know, else by the other agent; '' = none.
   */
  serverName = '';
  /** Inbound: the head of the request that asks for a tunnel, as it came; null = none does. */
  tunnelHead: Uint8Array | null = null;
  /** What it is called (see journal/connection-id.ts); '' = nobody has asked yet. */
  id = '';
  /** What the records of its requests begin with; null: none was written yet. */
  sharedTexts: Piece | null = null;
  #closed = false;
  /** What of both is in the counters of connections; -1 = nothing, nor the connection itself. */
  shownFromClient = -1;
  shownToClient = -1;
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

  /** Bytes so far of a connection that is passed on as bytes, and may last. */
  moved(fromClient: number, toClient: number): void {
    this.bytesFromClient = fromClient;
    this.bytesToClient = toClient;
    this.#sink.moved(this);
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
  moved(record: ConnectionRecord): void;
  closed(record: ConnectionRecord, ending: Ending): void;
  closedTwice(record: ConnectionRecord): void;
}

/** Counters of connections that share side, verdict and service: found once at the end of a connection. */
interface ClosedSeries {
  readonly endings: Map<Ending, number>;
  readonly received: number;
  readonly sent: number;
  /** Connections passed on as bytes; -1 = not for this verdict. */
  readonly relayed: number;
}

/** Turns records into counters, and into a line for the log when a connection did not end well. */
export class CountingSink implements RecordSink {
  readonly #counters: Counters;
  readonly #log: (record: ConnectionRecord, ending: Ending) => void;
  readonly #opened: Record<Side, number>;
  /** By side, verdict and reason: words looked up one by one cost no new text for each connection. */
  readonly #verdicts = {
    outbound: new Map<string, Map<string, number>>(),
    inbound: new Map<string, Map<string, number>>(),
  };
  /** By side, verdict and service. */
  readonly #closed = {
    outbound: new Map<string, Map<string, ClosedSeries>>(),
    inbound: new Map<string, Map<string, ClosedSeries>>(),
  };

  constructor(counters: Counters, log: (record: ConnectionRecord, ending: Ending) => void) {
    this.#counters = counters;
    this.#log = log;
    this.#opened = this.#findOpened();
    counters.onForget(() => this.#forget());
  }

  #findOpened(): Record<Side, number> {
    const opened = (side: Side): number => this.#counters.series('towpath_connections_opened_total', { side });
    return { outbound: opened('outbound'), inbound: opened('inbound') };
  }

  #forget(): void {
    Object.assign(this.#opened, this.#findOpened());
    for (const side of ['outbound', 'inbound'] as const) {
      this.#verdicts[side].clear();
      this.#closed[side].clear();
    }
  }

  opened(record: ConnectionRecord): void {
    this.#counters.add(this.#opened[record.side], 1);
  }

  decided({ side, verdict, reason }: ConnectionRecord): void {
    const byReason = inner(this.#verdicts[side], verdict);
    let index = byReason.get(reason);
    if (index === undefined) {
      index = this.#counters.series('towpath_verdicts_total', { side, verdict, reason });
      byReason.set(reason, index);
    }
    this.#counters.add(index, 1);
  }

  closed(record: ConnectionRecord, ending: Ending): void {
    const series = this.#closedSeries(record);
    this.#counters.add(this.#endingIndex(series, record, ending), 1);
    this.#show(series, record);
    if (ending !== 'closed') this.#log(record, ending);
  }

  moved(record: ConnectionRecord): void {
    this.#show(this.#closedSeries(record), record);
  }

  /** What has passed since the last time. */
  #show(series: ClosedSeries, record: ConnectionRecord): void {
    const { bytesFromClient, bytesToClient } = record;
    if (record.shownFromClient < 0 && series.relayed >= 0) this.#counters.add(series.relayed, 1);
    this.#counters.add(series.received, bytesFromClient - Math.max(0, record.shownFromClient));
    this.#counters.add(series.sent, bytesToClient - Math.max(0, record.shownToClient));
    record.shownFromClient = bytesFromClient;
    record.shownToClient = bytesToClient;
  }

  closedTwice({ side }: ConnectionRecord): void {
    this.#counters.count('towpath_internal_errors_total', { side, reason: 'record-closed-twice' });
  }

  #closedSeries({ side, verdict, service }: ConnectionRecord): ClosedSeries {
    const byService = inner(this.#closed[side], verdict);
    let series = byService.get(service);
    if (series === undefined) {
      const labels = { side, verdict, service };
      series = {
        endings: new Map(),
        received: this.#counters.series('towpath_connection_received_bytes_total', labels),
        sent: this.#counters.series('towpath_connection_sent_bytes_total', labels),
        relayed: isRelay(verdict) ? this.#counters.series('towpath_connections_relayed_total', labels) : -1,
      };
      byService.set(service, series);
    }
    return series;
  }

  #endingIndex(series: ClosedSeries, { side, verdict, service }: ConnectionRecord, ending: Ending): number {
    let index = series.endings.get(ending);
    if (index === undefined) {
      index = this.#counters.series('towpath_connections_closed_total', { side, verdict, ending, service });
      series.endings.set(ending, index);
    }
    return index;
  }
}

function isRelay(verdict: RecordedVerdict): boolean {
  return verdict === 'opaque' || verdict === 'tls';
}

/** The map under `key`, made on first use. */
function inner<T>(maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
  let map = maps.get(key);
  if (map === undefined) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}
