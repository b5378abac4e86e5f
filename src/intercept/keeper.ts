/** Puts the rules in force and keeps them so while the agent lives: lease, watch, repair, and removal at the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../core/errors.ts';
import { applyRules } from './apply-rules.ts';
import { areRulesInForce, checkRules, familiesOf } from './check-rules.ts';
import { LeaseHolder } from './lease-holder.ts';
import { releaseRules, removeRules } from './remove-rules.ts';
import { type Look, RuleWatcher } from './rule-watcher.ts';
import type { InterceptionSettings } from './settings.ts';

/** Longest wait for the first confirmed lease refresh. */
const FIRST_LEASE_MS = 3_000;

export type KeeperEvent =
  /** Somebody changed our rules; a repair follows at once. */
  | { readonly type: 'drift'; readonly differences: readonly string[] }
  /** `bypassMs`: from noticing the drift to its repair; connections opened meanwhile may have gone past the proxy. */
  | { readonly type: 'repaired'; readonly bypassMs: number }
  /** The next look tries again. */
  | { readonly type: 'repair-failed'; readonly message: string }
  | { readonly type: 'lease-failed'; readonly message: string }
  | { readonly type: 'lease-restored' };

export interface KeeperState {
  readonly drifts: number;
  readonly repairs: number;
  readonly leaseRefreshes: number;
  /** Wall-clock time of the last confirmed lease refresh; 0 before the first and with `failure: closed`, which has no lease. */
  readonly lastRefreshMs: number;
  readonly lease: 'live' | 'paused' | 'none';
  /** Changes are announced by the kernel (nft backend) or looked for by the clock. */
  readonly watch: 'announced' | 'polled';
}

export class InterceptionKeeper {
  readonly #settings: InterceptionSettings;
  readonly #onEvent: (event: KeeperEvent) => void;
  readonly #lease: LeaseHolder | null;
  readonly #watcher: RuleWatcher;
  #drifts = 0;
  #repairs = 0;
  #driftSinceMs: number | null = null;
  /** What ipset said, until the next refresh that works. */
  #leaseTrouble: string | null = null;
  #firstRefresh = Promise.withResolvers<void>();

  constructor(settings: InterceptionSettings, handlers: { readonly onEvent: (event: KeeperEvent) => void }) {
    this.#settings = settings;
    this.#onEvent = handlers.onEvent;
    this.#watcher = new RuleWatcher((look) => this.#look(look));
    this.#lease =
      settings.failure === 'closed'
        ? null
        : new LeaseHolder(familiesOf(settings), {
            onRefreshed: () => this.#leaseRefreshed(),
            onFailed: (message) => this.#leaseBroke(message),
          });
  }

  /** Resolves when the kernel redirects. Throws UserError; then nothing of ours is left on the host. */
  async start(): Promise<void> {
    await applyRules(this.#settings);
    if (this.#lease !== null) await this.#startLease(this.#lease);
    await this.#watcher.start();
    // Whatever happened between applying and watching.
    this.#watcher.poke();
  }

  /** New connections are no longer captured; those already redirected live on until `stop`. Call it before draining. */
  async release(): Promise<void> {
    await this.#watcher.stop();
    await releaseRules(familiesOf(this.#settings));
    this.#lease?.stop();
  }

  /** Removes rules, sets and routes. Connections that are still redirected then break. Works after `release` and without it. */
  async stop(): Promise<void> {
    await this.#watcher.stop();
    this.#lease?.stop();
    await removeRules();
  }

  /** Ends the lease at once: programs talk directly until `resumeLease`. Nothing happens with `failure: closed`. */
  pauseLease(): void {
    this.#lease?.pause();
  }

  resumeLease(): void {
    this.#lease?.resume();
  }

  state(): KeeperState {
    const lease = this.#lease;
    return {
      drifts: this.#drifts,
      repairs: this.#repairs,
      leaseRefreshes: lease?.refreshes() ?? 0,
      lastRefreshMs: lease?.lastRefreshMs() ?? 0,
      lease: lease === null ? 'none' : lease.isPaused() ? 'paused' : 'live',
      watch: this.#watcher.isAnnounced() ? 'announced' : 'polled',
    };
  }

  async #startLease(lease: LeaseHolder): Promise<void> {
    lease.start();
    const limit = new AbortController();
    const confirmed = await Promise.race([
      this.#firstRefresh.promise.then(() => true),
      sleep(FIRST_LEASE_MS, false, { signal: limit.signal }).catch(() => false),
    ]);
    limit.abort();
    if (confirmed) return;
    await this.stop();
    const message = `the lease could not be refreshed within ${FIRST_LEASE_MS / 1000} s: ${this.#leaseTrouble ?? 'ipset does not answer'}`;
    throw new UserError({
      code: 'TWP1306',
      message,
      hint: 'the helpers are ipset, stdbuf (coreutils) and setpriv (util-linux)',
    });
  }

  async #look(look: Look): Promise<void> {
    try {
      if (look === 'glance' && (await areRulesInForce(this.#settings))) return;
      const state = await checkRules(this.#settings);
      if (state.type === 'in-force') return;
      const differences = state.type === 'absent' ? ['everything of ours is gone'] : state.differences;
      if (this.#driftSinceMs === null) {
        this.#drifts++;
        this.#driftSinceMs = performance.now();
        this.#onEvent({ type: 'drift', differences });
      }
      await applyRules(this.#settings);
      this.#lease?.refresh();
      this.#repairs++;
      const bypassMs = Math.round(performance.now() - this.#driftSinceMs);
      this.#driftSinceMs = null;
      this.#onEvent({ type: 'repaired', bypassMs });
    } catch (error) {
      this.#onEvent({ type: 'repair-failed', message: error instanceof Error ? error.message : String(error) });
      setTimeout(() => this.#watcher.poke(), 1000).unref();
    }
  }

  #leaseRefreshed(): void {
    this.#firstRefresh.resolve();
    if (this.#leaseTrouble === null) return;
    this.#leaseTrouble = null;
    this.#onEvent({ type: 'lease-restored' });
  }

  #leaseBroke(message: string): void {
    this.#watcher.poke();
    const isNews = this.#leaseTrouble === null;
    this.#leaseTrouble = message;
    if (!isNews) return;
    this.#onEvent({ type: 'lease-failed', message });
  }
}
