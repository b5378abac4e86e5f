/**
 * Who calls whom, over the whole mesh: totals since control began, and what passed lately. Bounded: what finds no place of its own
 * is added to one row that names nobody. Pure: time is an argument.
 */
import type { ConnectionRow, RequestRow } from '../../contract/mesh-metrics.ts';
import { isFailure, parseEnding } from './outcome.ts';
import { type Passed, TrafficWindow } from './traffic-window.ts';

export const MAX_EDGES = 5_000;
/** Kinds of ending (by route) of all edges together. */
export const MAX_ENDINGS = 20_000;
/** An edge, or one of its endings, without traffic is not shown after so long, and forgotten later. */
export const IDLE_MS = 3_600_000;

export interface EndingCount {
  requests: number;
  /** ms */
  changedAt: number;
}

export interface Edge {
  readonly side: 'outbound' | 'inbound';
  readonly caller: string;
  readonly service: string;
  /** Of many edges that found no place. */
  readonly isOverflow: boolean;
  /** By route and ending, as JSON. */
  readonly endings: Map<string, EndingCount>;
  readonly durations: number[];
  requests: number;
  seconds: number;
  requestBytes: number;
  responseBytes: number;
  connections: number;
  failedConnections: number;
  receivedBytes: number;
  sentBytes: number;
  readonly window: TrafficWindow;
  /** ms */
  changedAt: number;
}

const NO_DURATIONS: readonly number[] = [];

export class EdgeTable {
  readonly #edges = new Map<string, Edge>();
  readonly #overflow = { outbound: makeEdge('outbound', '', '', true), inbound: makeEdge('inbound', '', '', true) };
  #endings = 0;
  /** Rows that found no place of their own. */
  overflows = 0;

  addRequests(row: RequestRow, now: number): void {
    const requests = row.durations.reduce((a, b) => a + b, 0);
    if (requests === 0) return;
    const edge = this.#edge(row, now);
    let failures = 0;
    for (const [ending, count] of Object.entries(row.endings)) {
      if (count === 0) continue;
      this.#addEnding(edge, row.route, ending, count, now);
      if (isFailure(parseEnding(ending))) failures += count;
    }
    for (const [i, count] of row.durations.entries()) edge.durations[i] = (edge.durations[i] ?? 0) + count;
    edge.requests += requests;
    edge.seconds += row.seconds;
    edge.requestBytes += row.requestBytes;
    edge.responseBytes += row.responseBytes;
    pass(edge, { requests, failures, durations: row.durations }, now);
  }

  addConnections(row: ConnectionRow, now: number): void {
    const { closed, failed, receivedBytes, sentBytes } = row;
    if (closed === 0 && receivedBytes === 0 && sentBytes === 0) return;
    const edge = this.#edge(row, now);
    edge.connections += closed;
    edge.failedConnections += failed;
    edge.receivedBytes += receivedBytes;
    edge.sentBytes += sentBytes;
    pass(edge, { connections: closed, receivedBytes, sentBytes }, now);
  }

  /** All that had traffic within `IDLE_MS`. */
  *edges(now: number): Iterable<Edge> {
    for (const edge of this.#edges.values()) if (now - edge.changedAt <= IDLE_MS) yield edge;
    for (const edge of Object.values(this.#overflow)) if (edge.requests + edge.connections > 0) yield edge;
  }

  /** What comes back after this begins at 0, having been absent for long: routes come and go while edges stay. */
  forgetOld(now: number): void {
    for (const [key, edge] of this.#edges) {
      for (const [ending, { changedAt }] of edge.endings) {
        if (now - changedAt <= 2 * IDLE_MS) continue;
        edge.endings.delete(ending);
        this.#endings--;
      }
      if (now - edge.changedAt <= 2 * IDLE_MS) continue;
      this.#endings -= edge.endings.size;
      this.#edges.delete(key);
    }
  }

  #edge({ side, caller, service }: Pick<RequestRow, 'side' | 'caller' | 'service'>, now: number): Edge {
    const key = JSON.stringify([side, caller, service]);
    let edge = this.#edges.get(key);
    if (edge === undefined) {
      if (this.#edges.size >= MAX_EDGES) {
        this.overflows++;
        return this.#overflow[side];
      }
      edge = makeEdge(side, caller, service, false);
      this.#edges.set(key, edge);
    }
    edge.changedAt = now;
    return edge;
  }

  /** Where there is no room the route is left out. */
  #addEnding(edge: Edge, route: string, ending: string, count: number, now: number): void {
    let key = JSON.stringify([edge.isOverflow ? '' : route, ending]);
    if (!edge.endings.has(key) && this.#endings >= MAX_ENDINGS) {
      this.overflows++;
      key = JSON.stringify(['', `${ending.slice(0, 1)}xx  `]);
    }
    if (!edge.endings.has(key)) this.#endings++;
    edge.endings.set(key, { requests: (edge.endings.get(key)?.requests ?? 0) + count, changedAt: now });
  }
}

function pass(edge: Edge, passed: Partial<Passed>, now: number): void {
  const nothing = { requests: 0, failures: 0, connections: 0, receivedBytes: 0, sentBytes: 0, durations: NO_DURATIONS };
  edge.window.add({ ...nothing, ...passed }, now);
}

function makeEdge(side: Edge['side'], caller: string, service: string, isOverflow: boolean): Edge {
  return {
    side,
    caller,
    service,
    isOverflow,
    endings: new Map(),
    durations: [],
    requests: 0,
    seconds: 0,
    requestBytes: 0,
    responseBytes: 0,
    connections: 0,
    failedConnections: 0,
    receivedBytes: 0,
    sentBytes: 0,
    window: new TrafficWindow(),
    changedAt: 0,
  };
}
