/** The stop sequence: each step is tried whatever became of the one before, and the whole runs once. */
import { setTimeout } from 'node:timers/promises';
import type { AdminPorts } from './admin/open-admin-ports.ts';
import type { AgentParts } from './agent-parts.ts';
import { notifySystemd } from './host/notify-systemd.ts';

/** Callers hear of a withdrawal within tens of ms; this is room for a busy machine. Traffic is served as ever meanwhile. */
const FAREWELL_MS = 1_000;

export class Stopper {
  /** Set once the ports are open. */
  adminPorts: AdminPorts | null = null;
  /** Exit status: 0, or 1 when a step failed. */
  readonly ended: Promise<number>;
  readonly #parts: AgentParts;
  readonly #onStop: () => void;
  readonly #finish: (status: number) => void;
  readonly #hurried: Promise<void>;
  readonly #hurry: () => void;
  #stopping = false;
  #failed = false;

  constructor(parts: AgentParts, onStop: () => void) {
    this.#parts = parts;
    this.#onStop = onStop;
    const end = Promise.withResolvers<number>();
    this.ended = end.promise;
    this.#finish = end.resolve;
    const hurried = Promise.withResolvers<void>();
    this.#hurried = hurried.promise;
    this.#hurry = hurried.resolve;
  }

  /** Begins the stop sequence; asked again, it ends the draining at once. */
  stop(reason: string): void {
    const { logger } = this.#parts;
    if (this.#stopping) {
      logger.warn({ reason }, 'asked again: connections that are still open are cut');
      this.#hurry();
      return;
    }
    this.#stopping = true;
    this.#onStop();
    logger.info({ reason }, 'the agent is stopping');
    void this.#run().then(() => this.#finish(this.#failed ? 1 : 0));
  }

  async #run(): Promise<void> {
    const {
      identities,
      keeper,
      dns,
      checks,
      probes,
      processMetrics,
      records,
      source,
      saver,
      stallWatch,
      threads,
      logger,
      options,
    } = this.#parts;
    // Nothing waits for systemd.
    const told = notifySystemd(options.notifySocket, 'stopping', 'draining', logger);
    stallWatch.stop();
    probes.stop();
    identities?.stop();
    await this.#attempt('the workloads could not be withdrawn', () => this.#farewell());
    // Released, new connections go past us; those already redirected need the rest of the rules until they have drained.
    await this.#attempt('the rules could not be released', async () => keeper?.release());
    await this.#attempt('the link could not be quieted', () => source.rest());
    const drained = threads.drain(options.config.drainSeconds * 1000);
    await this.#attempt('the connections could not be drained', () => Promise.race([drained, this.#hurried]));
    await this.#attempt('the rules could not be removed', async () => keeper?.stop());
    // Until now queries of programs that had been redirected before still came.
    await this.#attempt('the DNS listener could not be closed', async () => dns?.close());
    await this.#attempt('the views could not be saved', async () => saver?.flush());
    await this.#attempt('the admin ports could not be closed', async () => this.adminPorts?.close());
    checks.stop();
    await this.#attempt('the data threads could not be ended', () => threads.stop());
    await this.#attempt('the records could not be written', () => records.stop());
    await this.#attempt('the source of views could not be closed', () => source.stop());
    processMetrics.stop();
    await told;
    logger.info('the agent has ended');
  }

  /** Callers that expect mutual TLS here would meet the program's plain port, so they hear first (docs/adr/0016). */
  async #farewell(): Promise<void> {
    const { source, options } = this.#parts;
    if ((await source.withdraw()) === 'none-listens') return;
    const farewell = setTimeout(Math.min(FAREWELL_MS, options.config.drainSeconds * 1000), undefined, { ref: false });
    await Promise.race([farewell, this.#hurried]);
  }

  async #attempt(complaint: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#failed = true;
      this.#parts.logger.error({ reason: (error as Error).message }, complaint);
    }
  }
}
