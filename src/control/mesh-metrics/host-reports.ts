/**
 * Turns the totals that hosts report into what was added since control last heard of them. Never negative, never twice: a host that
 * was there before control begins where it is, one that has started since begins at 0. Pure: time is an argument.
 */
import type { ConnectionRow, MetricReport, RequestRow } from '../../contract/mesh-metrics.ts';

/** Hosts are silent after so long without a report, and forgotten after so long. */
export const SILENT_MS = 60_000;
export const FORGET_MS = 3_600_000;
/** Hosts whose boot is remembered, rows of one host, and rows of all. */
const MAX_HOSTS = 20_000;
export const MAX_HOST_ROWS = 4_000;
export const MAX_ROWS = 200_000;

/** A row, and the report that had it last. */
interface Heard<Row> {
  readonly row: Row;
  readonly sequence: number;
}

interface Host {
  readonly boot: string;
  heardAt: number;
  sequence: number;
  /** Parts heard of the report with that sequence. */
  parts: Set<number>;
  /** A row that is new begins at 0; false: it may have been there before control was. */
  isComplete: boolean;
  /** The host had no room for rows in the report with that sequence. */
  isCut: boolean;
  /** Rows found no place: one that finds one later may be old. */
  hasDropped: boolean;
  readonly requests: Map<string, Heard<RequestRow>>;
  readonly connections: Map<string, Heard<ConnectionRow>>;
}

export interface Deltas {
  readonly requests: readonly RequestRow[];
  readonly connections: readonly ConnectionRow[];
}

const NOTHING: Deltas = { requests: [], connections: [] };

export class HostReports {
  /** ms: when control began to listen. */
  readonly #since: number;
  readonly #hosts = new Map<string, Host>();
  #rows = 0;
  /** Rows that found no place. */
  dropped = 0;

  constructor(now: number) {
    this.#since = now;
  }

  take(name: string, report: MetricReport, now: number): Deltas {
    const host = this.#hostOf(name, report, now);
    if (host === null || report.sequence < host.sequence) return NOTHING;
    if (report.sequence > host.sequence) {
      host.sequence = report.sequence;
      host.parts.clear();
      host.isCut = false;
    }
    host.heardAt = now;
    const deltas = {
      requests: report.requests.flatMap((row) => this.#requestDelta(host, row)),
      connections: report.connections.flatMap((row) => this.#connectionDelta(host, row)),
    };
    host.parts.add(report.part);
    host.isCut ||= report.dropped > 0;
    if (host.parts.size >= report.parts) this.#wholeReport(host);
    return deltas;
  }

  /** Hosts that reported lately, and those that did not. */
  counts(now: number): { readonly reporting: number; readonly silent: number } {
    let silent = 0;
    for (const { heardAt } of this.#hosts.values()) if (now - heardAt > SILENT_MS) silent++;
    return { reporting: this.#hosts.size - silent, silent };
  }

  /** Forgets hosts that are long gone. One that comes back in the same run begins where it is. */
  forgetOld(now: number): void {
    for (const [name, host] of this.#hosts) {
      if (now - host.heardAt <= FORGET_MS) continue;
      this.#clear(host);
      this.#hosts.delete(name);
    }
  }

  /** What a whole report does not have, the host has let go of: should it come back, it begins at 0. */
  #wholeReport(host: Host): void {
    if (!host.hasDropped) host.isComplete = true;
    if (host.isCut) return;
    for (const rows of [host.requests, host.connections]) {
      for (const [key, { sequence }] of rows) {
        if (sequence === host.sequence) continue;
        rows.delete(key);
        this.#rows--;
      }
    }
  }

  #hostOf(name: string, { boot, uptimeMs }: MetricReport, now: number): Host | null {
    const known = this.#hosts.get(name);
    if (known?.boot === boot) return known;
    if (known === undefined && this.#hosts.size >= MAX_HOSTS) return null;
    if (known !== undefined) this.#clear(known);
    // Heard for the first time (or after it was forgotten) it may have been counted already, unless all of it is younger than our memory.
    const isComplete = uptimeMs < Math.min(now - this.#since, FORGET_MS);
    const host = {
      boot,
      heardAt: now,
      sequence: -1,
      parts: new Set<number>(),
      isComplete,
      isCut: false,
      hasDropped: false,
    };
    const made: Host = { ...host, requests: new Map(), connections: new Map() };
    this.#hosts.set(name, made);
    return made;
  }

  #clear(host: Host): void {
    this.#rows -= host.requests.size + host.connections.size;
    host.requests.clear();
    host.connections.clear();
  }

  #requestDelta(host: Host, row: RequestRow): RequestRow[] {
    const key = JSON.stringify([row.side, row.caller, row.service, row.route]);
    const before = host.requests.get(key)?.row;
    if (!this.#keep(host, host.requests, key, row)) return [];
    if (before === undefined) return host.isComplete ? [row] : [];
    const endings: Record<string, number> = {};
    for (const [ending, count] of Object.entries(row.endings))
      endings[ending] = added(count, before.endings[ending] ?? 0);
    const durations = row.durations.map((count, i) => added(count, before.durations[i] ?? 0));
    const seconds = added(row.seconds, before.seconds);
    const requestBytes = added(row.requestBytes, before.requestBytes);
    return [
      {
        ...row,
        endings,
        durations,
        seconds,
        requestBytes,
        responseBytes: added(row.responseBytes, before.responseBytes),
      },
    ];
  }

  #connectionDelta(host: Host, row: ConnectionRow): ConnectionRow[] {
    const key = JSON.stringify([row.side, row.caller, row.service]);
    const before = host.connections.get(key)?.row;
    if (!this.#keep(host, host.connections, key, row)) return [];
    if (before === undefined) return host.isComplete ? [row] : [];
    return [
      {
        ...row,
        closed: added(row.closed, before.closed),
        failed: added(row.failed, before.failed),
        receivedBytes: added(row.receivedBytes, before.receivedBytes),
        sentBytes: added(row.sentBytes, before.sentBytes),
      },
    ];
  }

  /** False: there is no place for a row that is not known. */
  #keep<T>(host: Host, rows: Map<string, Heard<T>>, key: string, row: T): boolean {
    const isKnown = rows.has(key);
    if (!isKnown && (host.requests.size + host.connections.size >= MAX_HOST_ROWS || this.#rows >= MAX_ROWS)) {
      this.dropped++;
      host.hasDropped = true;
      host.isComplete = false;
      return false;
    }
    rows.set(key, { row, sequence: host.sequence });
    if (!isKnown) this.#rows++;
    return true;
  }
}

function added(now: number, before: number): number {
  return Math.max(0, now - before);
}
