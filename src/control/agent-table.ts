import type { Ack, AgentReply, Generation, Lease, Progress } from '../contract/messages.ts';
import type { ServiceKey } from '../contract/views.ts';

/** Agents that left are still listed for this long. */
const REMEMBER_MS = 60 * 60 * 1000;

/** What control knows of an agent whose lease lives. */
export interface LiveAgent {
  readonly host: string;
  readonly ack: Ack | null;
  /** The services that its programs use, as it said last; null: not known, or too many to say. It then counts as using all. */
  readonly services: ReadonlySet<ServiceKey> | null;
}

interface AgentRow {
  readonly host: string;
  version: string;
  boot: string;
  /** In ms of the clock that the caller passes. */
  lastSeen: number;
  ack: Ack | null;
  live: boolean;
  services: ReadonlySet<ServiceKey> | null;
}

/** Who runs which generation. Pure but for the waiters: time is an argument. */
export class AgentTable {
  readonly #rows = new Map<string, AgentRow>();
  readonly #waiters = new Set<() => void>();
  #waking = false;

  seen(host: string, lease: Lease, now: number): void {
    const before = this.#rows.get(host);
    const sameRun = before?.boot === lease.boot;
    const ack = newerAck(sameRun ? before.ack : null, lease.ack);
    const services = lease.services === undefined || lease.services === null ? null : new Set(lease.services);
    this.#rows.set(host, { host, version: lease.version, boot: lease.boot, lastSeen: now, ack, live: true, services });
    this.#changed();
  }

  /** An ack by message; one from a host that holds no lease means nothing. */
  acknowledged(host: string, ack: Ack): void {
    const row = this.#rows.get(host);
    if (row?.live !== true) return;
    row.ack = newerAck(row.ack, ack);
    this.#changed();
  }

  gone(host: string): void {
    const row = this.#rows.get(host);
    if (row === undefined || !row.live) return;
    row.live = false;
    this.#changed();
  }

  forgetOld(now: number): void {
    for (const row of this.#rows.values()) {
      if (!row.live && now - row.lastSeen > REMEMBER_MS) this.#rows.delete(row.host);
    }
  }

  /** The newest generation that a live agent says it has seen; control's store was rolled back when it is ahead. */
  newestAnswer(): Generation | null {
    let newest: Generation | null = null;
    for (const { ack, live } of this.#rows.values()) {
      if (live && ack !== null && (newest === null || isBefore(newest, ack)))
        newest = { epoch: ack.epoch, gen: ack.gen };
    }
    return newest;
  }

  /** By host. */
  live(): LiveAgent[] {
    return [...this.#rows.values()].filter((row) => row.live).sort((a, b) => (a.host < b.host ? -1 : 1));
  }

  progress(target: Generation): Progress {
    const live = [...this.#rows.values()].filter((row) => row.live);
    const answered = live.filter((row) => row.ack !== null && !isBefore(row.ack, target));
    const rejected = answered.flatMap((row) =>
      row.ack?.result === 'NACK' ? [{ host: row.host, errors: row.ack.errors }] : [],
    );
    const missing = live.filter((row) => row.ack === null || isBefore(row.ack, target)).map((row) => row.host);
    return {
      ...target,
      total: live.length,
      acknowledged: answered.length - rejected.length,
      missing: missing.sort(),
      rejected,
    };
  }

  /** Resolves when every live agent answered the generation (or a newer one), at the latest after `timeoutMs`. */
  async waitFor(target: Generation, timeoutMs: number): Promise<Progress> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const progress = this.progress(target);
      const left = deadline - performance.now();
      if (progress.missing.length === 0 || left <= 0) return progress;
      await this.#nextChange(left);
    }
  }

  list(current: Generation, now: number, workloads: (host: string) => number): AgentReply[] {
    return [...this.#rows.values()]
      .sort((a, b) => (a.host < b.host ? -1 : 1))
      .map((row) => ({
        host: row.host,
        state: stateOf(row, current),
        version: row.version,
        epoch: row.ack?.epoch ?? 0,
        gen: row.ack?.gen ?? 0,
        behind: behindOf(row, current),
        lastSeenSeconds: Math.max(0, Math.round((now - row.lastSeen) / 100) / 10),
        workloads: row.live ? workloads(row.host) : 0,
        services: row.services?.size ?? null,
        errors: row.ack?.errors ?? [],
      }));
  }

  /** Answers of a fleet arrive together: those who wait count them once for all that have arrived. */
  #changed(): void {
    if (this.#waiters.size === 0 || this.#waking) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      for (const wake of this.#waiters) wake();
    });
  }

  #nextChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(done);
    });
  }
}

function stateOf(row: AgentRow, current: Generation): AgentReply['state'] {
  if (!row.live) return 'GONE';
  if (row.ack?.result === 'NACK') return 'ERROR';
  return row.ack !== null && !isBefore(row.ack, current) ? 'SYNCED' : 'STALE';
}

/** Gens are never used twice in an epoch, and go on in the next. */
function behindOf({ ack }: AgentRow, current: Generation): number {
  if (ack !== null && !isBefore(ack, current)) return 0;
  return ack?.epoch === current.epoch ? current.gen - ack.gen : current.gen;
}

function newerAck(a: Ack | null, b: Ack | null): Ack | null {
  if (a === null || b === null) return b ?? a;
  return isBefore(b, a) ? a : b;
}

export function isBefore(a: Generation, b: Generation): boolean {
  return a.epoch !== b.epoch ? a.epoch < b.epoch : a.gen < b.gen;
}
