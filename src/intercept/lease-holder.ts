/**
 * Keeps the lease alive: one long-lived `ipset` process that is told once a second to renew the entries. When this process dies,
 * by whatever cause, the entries run out by themselves and the kernel stops redirecting.
 */
import { flushLines, refreshLines } from './lease-set.ts';
import type { Family } from './rule.ts';
import { type RunningCommand, startCommand } from './run-command.ts';

export const REFRESH_MS = 1000;
/** A helper that has not answered for this long is replaced; the lease itself lasts longer. */
const ANSWER_LIMIT_MS = 3000;
/** ipset prints this before it reads each line, so every one after the first says: the line before is done. */
const PROMPT = 'ipset> ';

export interface LeaseReport {
  /** A refresh was confirmed by the kernel. */
  onRefreshed(): void;
  /** ipset complained (the set is gone) or ended. */
  onFailed(message: string): void;
}

export class LeaseHolder {
  readonly #families: readonly Family[];
  readonly #report: LeaseReport;
  #timer: NodeJS.Timeout | null = null;
  #ipset: RunningCommand | null = null;
  #paused = false;
  /** Lines sent that ipset has not confirmed. */
  #open = 0;
  #openSinceMs = 0;
  #failed = false;
  #refreshes = 0;
  #lastRefreshMs = 0;

  constructor(families: readonly Family[], report: LeaseReport) {
    this.#families = families;
    this.#report = report;
  }

  start(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.refresh(), REFRESH_MS);
    this.refresh();
  }

  /** Ends the helper; the lease runs out within 5 s. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#ipset?.stop();
    this.#ipset = null;
  }

  /** Ends the lease at once: new connections are no longer redirected. */
  pause(): void {
    this.#paused = true;
    if (this.#timer !== null) this.#send(flushLines(this.#families));
  }

  resume(): void {
    this.#paused = false;
    if (this.#timer !== null) this.refresh();
  }

  isPaused(): boolean {
    return this.#paused;
  }

  refreshes(): number {
    return this.#refreshes;
  }

  /** Wall-clock time of the last confirmed refresh; 0 before the first. */
  lastRefreshMs(): number {
    return this.#lastRefreshMs;
  }

  /** Renews now, out of turn: the set has just been made anew. */
  refresh(): void {
    if (this.#paused || this.#timer === null) return;
    if (this.#open > 0 && performance.now() - this.#openSinceMs > ANSWER_LIMIT_MS) {
      this.#ipset?.stop();
      this.#ipset = null;
    }
    this.#send(refreshLines(this.#families));
  }

  #send(lines: string): void {
    this.#ipset ??= this.#startIpset();
    if (this.#open <= 0) this.#openSinceMs = performance.now();
    this.#open += lines.split('\n').length - 1;
    this.#ipset.write(lines);
  }

  #startIpset(): RunningCommand {
    // The first prompt comes before any line of ours.
    this.#open = 1;
    this.#openSinceMs = performance.now();
    this.#failed = false;
    const ipset = startCommand('stdbuf', ['-o0', 'ipset', '-'], (text, stream) => {
      if (this.#ipset !== ipset) return;
      if (stream === 'stderr') this.#fail(text.trim());
      else this.#confirm(text.split(PROMPT).length - 1);
    });
    void ipset.ended.then((outcome) => {
      if (this.#ipset !== ipset) return;
      this.#ipset = null;
      this.#fail(`ipset ended with status ${outcome.exitCode}`);
    });
    return ipset;
  }

  #fail(message: string): void {
    this.#failed = true;
    this.#report.onFailed(message);
  }

  #confirm(lines: number): void {
    this.#open -= lines;
    if (this.#open > 0) return;
    const failed = this.#failed;
    this.#failed = false;
    if (failed || this.#paused) return;
    this.#refreshes++;
    this.#lastRefreshMs = Date.now();
    this.#report.onRefreshed();
  }
}
