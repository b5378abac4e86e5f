/**
 * The health of one cluster's endpoints, shared by all views that list the cluster: ejections, active checks, slow start. Made only
 * where a view asks for one of these. Looked at when endpoints are picked and outcomes noted; nothing runs meanwhile.
 */
import type { OutlierView } from '../../contract/cluster-views.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import { compareEndpoints, ejectionMs, mayEject, noteOutcome, type OutlierReason } from './detect-outliers.ts';
import type { Endpoint } from './endpoint.ts';
import { EndpointHealth } from './endpoint-health.ts';
import type { Outcome } from './outcome.ts';
import { warmth } from './slow-start.ts';

/** ms between two looks at the weights of new endpoints. */
const WARMING_LOOK_MS = 200;

export type HealthEvent =
  | { readonly type: 'ejected'; readonly reason: OutlierReason; readonly ms: number }
  | { readonly type: 'returned'; readonly reason: 'time' | 'check' }
  | { readonly type: 'checked'; readonly passes: boolean };

export type ReportHealth = (cluster: string, endpoint: Endpoint, event: HealthEvent) => void;

export class ClusterHealth {
  readonly key: string;
  /** Changes with everything that a choice of endpoints goes by. */
  version = 0;
  /** ms of the reactor's clock when time alone changes something. */
  nextAt = Number.POSITIVE_INFINITY;
  readonly #report: ReportHealth;
  readonly #states = new Map<Endpoint, EndpointHealth>();
  #outlier: OutlierView | null = null;
  #slowStartMs = 0;
  #intervalEndsAt = Number.POSITIVE_INFINITY;
  #ejected = 0;

  constructor(key: string, report: ReportHealth) {
    this.key = key;
    this.#report = report;
  }

  /** Endpoints that are ejected now. */
  get ejected(): number {
    return this.#ejected;
  }

  get isUnused(): boolean {
    return this.#states.size === 0;
  }

  /** A view with these endpoints comes into force. @param now ms of the reactor's clock */
  join(settings: ClusterSettings, endpoints: readonly Endpoint[], now: number): void {
    const { outlier = null, slowStartMs = 0 } = settings;
    if (outlier === null) this.#intervalEndsAt = Number.POSITIVE_INFINITY;
    else if (outlier.intervalMs !== this.#outlier?.intervalMs) this.#intervalEndsAt = now + outlier.intervalMs;
    this.#outlier = outlier;
    this.#slowStartMs = slowStartMs;
    // Where all are new nobody can take the load instead.
    const isFresh = !endpoints.some((endpoint) => this.#states.has(endpoint));
    for (const endpoint of endpoints) {
      const known = this.#states.get(endpoint);
      const state = known ?? new EndpointHealth(endpoint, isFresh ? Number.NEGATIVE_INFINITY : now);
      state.references++;
      this.#states.set(endpoint, state);
    }
    if (outlier === null) for (const state of this.#states.values()) this.#uneject(state, now);
    if (settings.activeCheck === undefined) for (const state of this.#states.values()) state.passes = null;
    this.#changed(now);
  }

  /** A view with these endpoints is no longer in force. */
  leave(endpoints: readonly Endpoint[], now: number): void {
    for (const endpoint of endpoints) {
      const state = this.#states.get(endpoint);
      if (state === undefined || --state.references > 0) continue;
      if (state.isEjected) this.#ejected--;
      this.#states.delete(endpoint);
    }
    this.#changed(now);
  }

  isUsable(endpoint: Endpoint): boolean {
    return this.#states.get(endpoint)?.isUsable !== false;
  }

  /** The part of its weight that it has now. */
  warmthOf(endpoint: Endpoint, now: number): number {
    if (this.#slowStartMs === 0) return 1;
    return warmth(now - (this.#states.get(endpoint)?.since ?? Number.NEGATIVE_INFINITY), this.#slowStartMs);
  }

  /** How an attempt ended. */
  note(endpoint: Endpoint, outcome: Outcome, now: number): void {
    const view = this.#outlier;
    const state = view === null ? undefined : this.#states.get(endpoint);
    if (view === null || state === undefined) return;
    if (now >= this.#intervalEndsAt) this.advance(now);
    const reason = noteOutcome(view, state, outcome);
    if (reason !== null) this.#eject(view, state, reason, now);
  }

  /** What an active check found of the endpoint at that address (`ip:port`); null: it is checked no more. */
  check(address: string, passes: boolean | null, now: number): void {
    for (const state of this.#states.values()) {
      if (state.endpoint.text !== address || (state.passes === passes && !(passes === true && state.isEjected)))
        continue;
      if (passes === true && state.isEjected) {
        this.#uneject(state, now);
        this.#report(this.key, state.endpoint, { type: 'returned', reason: 'check' });
      }
      if (passes === true && state.passes === false) state.since = now;
      if (passes !== null && state.passes !== passes && (!passes || state.passes === false))
        this.#report(this.key, state.endpoint, { type: 'checked', passes });
      state.passes = passes;
      this.#changed(now);
    }
  }

  /** Lets time do its work. */
  advance(now: number): void {
    const view = this.#outlier;
    for (const state of this.#states.values()) {
      if (!state.isEjected || now < state.ejectedUntil) continue;
      this.#uneject(state, now);
      this.#report(this.key, state.endpoint, { type: 'returned', reason: 'time' });
    }
    if (view !== null && now >= this.#intervalEndsAt) this.#endInterval(view, now);
    this.#changed(now);
  }

  states(): Iterable<EndpointHealth> {
    return this.#states.values();
  }

  #endInterval(view: OutlierView, now: number): void {
    const intervals = 1 + Math.floor((now - this.#intervalEndsAt) / view.intervalMs);
    this.#intervalEndsAt += intervals * view.intervalMs;
    const all = [...this.#states.values()];
    for (const { health, reason } of compareEndpoints(view, all)) this.#eject(view, health, reason, now);
    for (const state of all) state.beginInterval();
  }

  #eject(view: OutlierView, state: EndpointHealth, reason: OutlierReason, now: number): void {
    if (state.isEjected || !mayEject(view, this.#ejected, this.#states.size)) return;
    const calmIntervals = Math.floor((now - state.calmSince) / view.intervalMs);
    state.timesEjected = Math.max(0, state.timesEjected - calmIntervals) + 1;
    const ms = ejectionMs(view, state.timesEjected);
    state.ejectedUntil = now + ms;
    this.#ejected++;
    this.#report(this.key, state.endpoint, { type: 'ejected', reason, ms });
    this.#changed(now);
  }

  #uneject(state: EndpointHealth, now: number): void {
    if (!state.isEjected) return;
    state.calmSince = Math.min(now, state.ejectedUntil);
    state.ejectedUntil = 0;
    state.forget();
    this.#ejected--;
  }

  #changed(now: number): void {
    this.version++;
    let next = Number.POSITIVE_INFINITY;
    for (const state of this.#states.values()) {
      if (state.isEjected) next = Math.min(next, state.ejectedUntil);
      if (now - state.since < this.#slowStartMs) next = Math.min(next, now + WARMING_LOOK_MS);
    }
    this.nextAt = next;
  }
}
