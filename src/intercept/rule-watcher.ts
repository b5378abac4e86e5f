/**
 * Tells when somebody may have touched the nat table. With the nft backend the kernel announces every change and looking costs
 * nothing while nothing happens; with the legacy backend there is no announcement, so the table is looked at by the clock.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningCommand, runCommand, startCommand } from './run-command.ts';

/** Look by the clock, when changes are announced: only for routes and for what an announcement missed. */
const QUIET_POLL_MS = 30_000;
/** Look by the clock, when nothing is announced. */
const BLIND_POLL_MS = 800;
/** Never look more often than this, however busy the host's firewall is. */
const SHORTEST_PAUSE_MS = 400;
/**
 * Rest before the announcer is started again. It ends more often than one would think: xtables-monitor 1.8.9 gives up on the
 * announcement of an IPv6 rule with a multiport match, which ours are. Its end is then the announcement.
 */
const RESTART_PAUSE_MS = 1_000;
const NOT_INSTALLED = 127;
/** Until a new announcer listens. */
const READY_MS = 300;

/** `glance`: the rules alone, by the clock and often; `thorough`: sets and routes as well. */
export type Look = 'glance' | 'thorough';

export class RuleWatcher {
  readonly #look: (look: Look) => Promise<void>;
  readonly #ended = new AbortController();
  #announcer: RunningCommand | null = null;
  #wake: (() => void) | null = null;
  #pending = false;
  #lastThoroughMs = 0;
  #loop: Promise<void> | null = null;

  /** `look` must not throw. */
  constructor(look: (look: Look) => Promise<void>) {
    this.#look = look;
  }

  async start(): Promise<void> {
    const version = await runCommand('iptables', ['-V']);
    if (version.stdout.includes('nf_tables')) this.#announce();
    this.#loop = this.#run();
  }

  /** Resolves when no look is under way any more. */
  async stop(): Promise<void> {
    this.#ended.abort();
    this.#announcer?.stop();
    this.#announcer = null;
    this.#wake?.();
    await this.#loop;
  }

  /** Changes are announced by the kernel; false means: looking by the clock. */
  isAnnounced(): boolean {
    return this.#announcer !== null;
  }

  /** Look soon. */
  poke(): void {
    this.#pending = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await this.#pause();
      if (this.#ended.signal.aborted) return;
      await this.#look(this.#nextLook());
      await this.#rest(SHORTEST_PAUSE_MS);
    }
  }

  #nextLook(): Look {
    const now = performance.now();
    if (!this.#pending && now - this.#lastThoroughMs < QUIET_POLL_MS) return 'glance';
    this.#pending = false;
    this.#lastThoroughMs = now;
    return 'thorough';
  }

  async #pause(): Promise<void> {
    if (this.#pending) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.isAnnounced() ? QUIET_POLL_MS : BLIND_POLL_MS);
    this.#wake = resolve;
    await promise;
    this.#wake = null;
    clearTimeout(timer);
  }

  async #rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ended.signal }).catch(() => {});
  }

  #announce(): void {
    const announcer = startCommand('stdbuf', ['-oL', 'xtables-monitor', '-e'], (text) => {
      if (/\bnat\b/.test(text)) this.poke();
    });
    this.#announcer = announcer;
    void announcer.ended.then(({ exitCode }) => {
      if (this.#announcer !== announcer) return;
      this.#announcer = null;
      this.poke();
      if (exitCode !== NOT_INSTALLED) void this.#announceAgain();
    });
  }

  async #announceAgain(): Promise<void> {
    await this.#rest(RESTART_PAUSE_MS);
    if (this.#ended.signal.aborted) return;
    this.#announce();
    await this.#rest(READY_MS);
    // What happened while nobody listened.
    this.poke();
  }
}
