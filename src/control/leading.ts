import type { Bus, BusState, Unsubscriber } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { ackSchema, FROM_CONTROL } from '../contract/messages.ts';
import { LONGEST_DELAY_MS } from '../contract/reconnect-delay.ts';
import { isToken, type Subjects } from '../contract/subjects.ts';
import type { Logger } from '../telemetry/logger.ts';
import { AgentTable } from './agent-table.ts';
import { ConfigSync } from './config-sync.ts';
import type { ControlParts } from './control-parts.ts';
import { EndpointRegistry } from './endpoint-registry.ts';
import { Hearing } from './hearing.ts';
import { LogExport } from './logs/log-export.ts';
import { MeshState } from './mesh-state.ts';
import { openLogStream, openStore } from './open-store.ts';
import { Publisher } from './publisher.ts';
import { readServed } from './read-served.ts';
import { AuditTrail } from './record-audit.ts';
import { SerialQueue } from './serial-queue.ts';
import { serveCommands } from './serve-commands.ts';
import type { ControlSettings } from './settings.ts';
import { StatusWriter } from './status-writer.ts';

/** When no lease could be heard for this share of one, none ends: agents renew three times in one, so none has ended yet. */
const DEAF_SHARE = 0.5;
/** An agent that has reconnected registers its workloads again within this time. */
const REGISTER_MS = 2_000;
/** An agent's claim beyond this is a lie or a broken clock, and no reason to raise the epoch. */
const MAX_EPOCH_AHEAD_S = 24 * 60 * 60;
/** Between two raises of the epoch because of what agents claim: each costs all views. */
const RAISE_PAUSE_MS = 10_000;

/** A control that holds the lock: memory rebuilt from the store, kept equal to it, published, and served to operators. */
export class Leading {
  readonly parts: ControlParts;
  readonly #logger: Logger;
  #commands: { stop(): void } | null = null;
  #acks: Unsubscriber | null = null;
  readonly #timers: NodeJS.Timeout[] = [];
  #stopped = false;
  #startedAt = 0;
  #raisedAt = Number.NEGATIVE_INFINITY;
  readonly #hearing: Hearing;
  #logProblem = '';

  /** `isLeader` asks the store; it decides whether what somebody else wrote may be overwritten. */
  constructor(
    settings: ControlSettings,
    bus: Bus,
    subjects: Subjects,
    isLeader: () => Promise<boolean>,
    { quotas, metrics }: Pick<ControlParts, 'quotas' | 'metrics'>,
    logger: Logger,
  ) {
    this.#logger = logger;
    const state: MeshState = new MeshState((touched) => {
      this.parts.publisher.touch(touched);
      this.parts.status.touch(touched);
      // Its probe is in no view: the agents that have workloads in it ask again.
      if (touched.resource?.startsWith('WorkloadGroup.')) bus.publish(subjects.agents('groups'), '', FROM_CONTROL);
    });
    const queue = new SerialQueue();
    const agents = new AgentTable();
    const audit = new AuditTrail(bus, subjects, logger);
    const status = new StatusWriter(bus, subjects, state, logger);
    const publisher = new Publisher(
      bus,
      subjects,
      state,
      { moreToCome: () => queue.length > 0, isLeader: async () => !this.#stopped && (await isLeader()) },
      logger,
    );
    const config = new ConfigSync(bus, subjects, { state, queue, status, audit }, logger);
    const registry = new EndpointRegistry(bus, subjects, state, agents, settings.leaseTtlMs, logger);
    this.#hearing = new Hearing(bus, subjects, settings.leaseTtlMs * DEAF_SHARE, () => registry.beginGrace());
    const records = { state, config, registry, agents, publisher, status, audit };
    const url = settings.otlpLogs ?? null;
    const logs = url === null ? null : new LogExport(url, bus, subjects, logger);
    this.parts = { settings, bus, subjects, queue, ...records, quotas, metrics, logs };
  }

  /** Rejects with BusError when the store cannot be read; nothing is served then. */
  async start(): Promise<void> {
    const { config, registry, publisher, status, queue } = this.parts;
    config.start();
    registry.start(await readServed(this.parts.bus, this.parts.subjects));
    await queue.run(() => config.reconcile());
    await registry.reconcile();
    await publisher.load(nowSeconds(), registry.isSuspect());
    this.#startedAt = performance.now();
    if (publisher.held === 'endpoints') registry.askAgain();
    await status.load();
    this.#acks = this.parts.bus.subscribe(this.parts.subjects.ack('*'), (message) => {
      const host = message.subject.slice(message.subject.lastIndexOf('.') + 1);
      const ack = decodeJson(message.data, ackSchema, MAX_RECORD_BYTES);
      if (!isToken(host)) return;
      if (!ack.ok) return registry.complain(`answer of ${host}`, ack.error);
      this.parts.agents.acknowledged(host, ack.value);
      if (publisher.isAhead(ack.value)) this.#followAgents();
    });
    this.#commands = serveCommands(this.parts);
    this.#hearing.start();
    await this.#openLogs();
    this.parts.logs?.start();
    this.#every(this.parts.settings.reconcileMs, () => void this.reconcile());
    this.#every(Math.min(1_000, this.parts.settings.leaseTtlMs / 8), () => this.#sweep());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#commands?.stop();
    this.#acks?.unsubscribe();
    this.#hearing.stop();
    this.parts.logs?.stop();
    this.parts.config.stop();
    this.parts.registry.stop();
    this.parts.publisher.stop();
    this.parts.status.stop();
  }

  onState(state: BusState): void {
    if (state !== 'reconnected' || this.#stopped) return;
    this.parts.registry.beginGrace();
    void this.reconcile();
  }

  /** Compares everything with the store; makes what is missing. Failures are logged, the next round comes anyway. */
  async reconcile(): Promise<void> {
    const { bus, subjects, settings, queue, config, registry, publisher } = this.parts;
    if (!bus.connected || this.#stopped) return;
    try {
      if ((await bus.bucket(subjects.bucket('config')).mark()) === null) this.#logger.error('the store was wiped');
      await openStore(bus, subjects, settings);
      await this.#openLogs();
      await queue.run(() => config.reconcile());
      await registry.reconcile();
      await publisher.verify(nowSeconds());
    } catch (cause) {
      this.#logger.warn({ reason: String(cause) }, 'could not compare with the store; trying again');
    }
  }

  /** A server without so much room serves a mesh all the same: hosts then count what they cannot log. */
  async #openLogs(): Promise<void> {
    const { bus, subjects } = this.parts;
    const problem = await openLogStream(bus, subjects).then(() => '', String);
    if (problem !== '' && problem !== this.#logProblem)
      this.#logger.warn({ stream: subjects.logStream, reason: problem }, 'there is no stream for access logs');
    this.#logProblem = problem;
  }

  #every(periodMs: number, task: () => void): void {
    const timer = setInterval(task, periodMs);
    timer.unref();
    this.#timers.push(timer);
  }

  #sweep(): void {
    const { bus, registry, publisher, agents } = this.parts;
    if (!bus.connected) return;
    this.#hearing.ask();
    if (this.#hearing.isDeaf()) return;
    registry.sweep();
    this.#followAgents();
    if (publisher.held === 'endpoints') return this.#releaseEndpoints();
    if (publisher.held === null || registry.inGrace()) return;
    const answer = agents.newestAnswer();
    if (answer === null || answer.gen === 0) publisher.release();
    else this.#logger.error({ answer }, 'the store is empty but agents run a configuration: apply all of it again');
  }

  /** The store was restored or lost its registrations: every agent had the time to reconnect and to register again. */
  #releaseEndpoints(): void {
    if (performance.now() - this.#startedAt < LONGEST_DELAY_MS + REGISTER_MS) return;
    this.#logger.warn('registrations were missing from the store: publishing those that came back');
    this.parts.publisher.release();
  }

  /** An agent that has seen more than we ever published: the store was rolled back, so everything gets a higher epoch. */
  #followAgents(): void {
    const { agents, publisher } = this.parts;
    const answer = agents.newestAnswer();
    if (answer === null || !publisher.isAhead(answer) || answer.epoch > nowSeconds() + MAX_EPOCH_AHEAD_S) return;
    if (performance.now() - this.#raisedAt < RAISE_PAUSE_MS) return;
    this.#raisedAt = performance.now();
    this.#logger.warn({ answer }, 'agents have seen a newer generation than the store has');
    publisher.raiseEpoch(Math.max(answer.epoch + 1, nowSeconds()));
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
