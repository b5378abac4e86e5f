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
  requests = 0;
  /** Who dialled, proved by mutual TLS: `<trust-domain>/ns/<namespace>/sa/<account>`, as Istio writes `source.principal`; null = nobody knows. */
  peerPrincipal: string | null = null;
  /** Under which identity of this host it was accepted, written alike; null = without mutual TLS. */
  localPrincipal: string | null = null;
  /** Inbound: what a TLS client asks for, in lower case without a dot at the end; '' = nothing, or no policy wants to know. */
  serverName = '';
  /** Inbound: the head of the request that asks for a tunnel, as it came; null = none does. */
  tunnelHead: Uint8Array | null = null;
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

/** Counters of connections that share side, verdict and service: found once at the end of a connection. */
interface ClosedSeries {
  readonly endings: Map<Ending, number>;
  readonly received: number;
  readonly sent: number;
}

/** Turns records into counters, and into a line for the log when a connection did not end well. */
export class CountingSink implements RecordSink {
  readonly #counters: Counters;
  readonly #log: (record: ConnectionRecord, ending: Ending) => void;
  readonly #opened: Readonly<Record<Side, number>>;
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
    const opened = (side: Side): number => counters.series('towpath_connections_opened_total', { side });
    this.#opened = { outbound: opened('outbound'), inbound: opened('inbound') };
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
    this.#counters.add(series.received, record.bytesFromClient);
    this.#counters.add(series.sent, record.bytesToClient);
    if (ending !== 'closed') this.#log(record, ending);
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

/** The map under `key`, made on first use. */
function inner<T>(maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
  let map = maps.get(key);
  if (map === undefined) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}
