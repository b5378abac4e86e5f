import type { Bus, BusState } from '../contract/bus-types.ts';
import type { LogSource } from '../contract/log-batch.ts';
import { type Ack, isFromControl } from '../contract/messages.ts';
import { type Subjects, subjectsOf } from '../contract/subjects.ts';
import type { ServiceKey } from '../contract/views.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { LogStore } from '../telemetry/sinks/stream-sink.ts';
import { openControlBus } from './control-bus.ts';
import { answerWhy, serveAgentCommands } from './control-commands.ts';
import { GroupProbes } from './control-groups.ts';
import { certificateClient } from './control-identity.ts';
import { leaseClient } from './control-leases.ts';
import { logStore } from './control-logs.ts';
import { Registration } from './control-registration.ts';
import { serveTaps } from './control-taps.ts';
import type {
  ControlLinkEvents,
  ControlLinkHandlers,
  ControlLinkSettings,
  ControlLinkStats,
  HeldViews,
  LinkedWorkload,
} from './control-types.ts';
import { ViewFollower } from './control-views.ts';
import type { IdentityKeeper } from './identity/identity-keeper.ts';
import { CredentialRenewal } from './join/renew-credentials.ts';
import { MetricReporter } from './metric-reporter.ts';
import type { GroupProbeTable } from './probes/group-probe.ts';
import type { LeaseClient } from './quota/lease-client.ts';
import type { Withdrawal } from './view-source.ts';

export type {
  ControlLinkEvents,
  ControlLinkHandlers,
  ControlLinkSettings,
  ControlLinkStats,
  HeldViews,
  LinkedWorkload,
  LinkState,
} from './control-types.ts';
export { DEFAULT_LEASE_RENEW_MS, DEFAULT_RECHECK_MS } from './control-types.ts';

/** After a reconnect the views are compared after a random time up to this, so that a fleet does not read at once. */
const RECONNECT_SPREAD_MS = 1_000;
const FIRST_REFRESH_RETRY_MS = 1_000;
/** A group, or what is trusted, changed: not all hosts ask at once. */
const GROUP_SPREAD_MS = 500;

/**
 * The agent's only connection to control and operators. Nothing here may block or end the agent: without NATS it keeps
 * dialling, and the views in force stay in force.
 */
export class ControlLink {
  readonly #settings: ControlLinkSettings;
  readonly #events: ControlLinkEvents;
  readonly #handlers: ControlLinkHandlers;
  readonly #logger: Logger;
  readonly #subjects: Subjects;
  readonly #bus: Bus;
  readonly #views: ViewFollower;
  readonly #registration: Registration;
  readonly #groups: GroupProbes;
  readonly #metrics: MetricReporter;
  #identities: IdentityKeeper | null = null;
  #credentials: CredentialRenewal | null = null;
  #commands: { stop(): void } | null = null;
  #recheck: NodeJS.Timeout | null = null;
  #lastAck: Ack | null = null;
  #reconnects = 0;
  #stopped = false;

  /** Throws RangeError when the mesh name is not a safe token. Dials in the background from now on. */
  constructor(settings: ControlLinkSettings, events: ControlLinkEvents, handlers: ControlLinkHandlers, logger: Logger) {
    this.#settings = settings;
    this.#events = events;
    this.#handlers = handlers;
    this.#logger = logger;
    this.#subjects = subjectsOf(settings.mesh);
    const { host, credentialsFile } = settings;
    this.#bus = openControlBus(settings, logger);
    this.#views = new ViewFollower(this.#bus, this.#subjects, host, events, logger, (ack) => this.#sendAck(ack));
    this.#groups = new GroupProbes(this.#bus, this.#subjects, host, logger);
    this.#metrics = new MetricReporter(this.#bus, this.#subjects, host, () => handlers.traffic());
    this.#registration = new Registration(
      this.#bus,
      this.#subjects,
      settings,
      logger,
      () => this.#lastAck,
      () => this.#views.stats().services.map(({ key }) => key),
    );
    if (credentialsFile !== null)
      this.#credentials = new CredentialRenewal(this.#bus, this.#subjects, host, credentialsFile, logger);
  }

  /** Views kept from an earlier run, already in force; call before start. */
  resume(held: HeldViews): void {
    this.#views.resume(held);
  }

  /** Returns at once, whether NATS is there or not. */
  start(): void {
    this.#commands = serveAgentCommands(this.#bus, this.#subjects, this.#settings, this.#handlers, () =>
      this.#views.resync(),
    );
    this.#onBroadcast('register', () => this.#registration.putAgain());
    this.#onBroadcast('groups', () => this.#groups.askIn(Math.random() * GROUP_SPREAD_MS));
    this.#onBroadcast('trust', () => this.#wakeIdentities());
    serveTaps(this.#bus, this.#subjects, this.#settings.host, this.#handlers);
    this.#bus.subscribe(this.#subjects.agents('why'), (request) => void answerWhy(request, this.#handlers));
    this.#bus.onState((state) => this.#onState(state));
    this.#views.start();
    this.#registration.start();
    this.#metrics.start();
    this.#credentials?.start();
    if (this.#bus.connected) this.#onState('connected');
  }

  /** Takes the host's lease and workloads away (at most one second); views are followed until the link rests. */
  withdraw(): Promise<Withdrawal> {
    return this.#registration.withdraw();
  }

  /** Withdraws, where that has not been done, and follows nothing any more; log lines still leave. */
  async rest(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#views.stopped = true;
    this.#groups.stop();
    this.#metrics.stop();
    this.#credentials?.stop();
    this.#commands?.stop();
    await this.#registration.withdraw();
  }

  /** Rests, and closes. */
  async stop(): Promise<void> {
    await this.rest();
    await this.#bus.close();
  }

  /** A program dialled this service: its view is kept fresh from now on. Idempotent. */
  demand(key: ServiceKey): void {
    this.#views.demand(key);
    this.#registration.noteServices();
  }

  /** All workloads of this host; differences to what is registered are published, now and after each reconnect. */
  setWorkloads(workloads: readonly LinkedWorkload[]): void {
    this.#registration.setWorkloads(workloads);
  }

  /** Tells the probes of these WorkloadGroups (`<namespace>/<name>`), again whenever one changes. */
  followGroups(groups: readonly string[], tell: (probes: GroupProbeTable) => void): void {
    this.#groups.follow(groups, tell);
  }

  /** Tokens of global rate limits. */
  leases(): LeaseClient {
    return leaseClient(this.#bus, this.#subjects, this.#settings.host);
  }

  /** Lines of the access log. */
  logs(source: LogSource): LogStore {
    return logStore(this.#bus, this.#subjects, this.#settings.host, source);
  }

  /** Certificates come from control: the keeper is woken whenever it may have something new. */
  followIdentities(keeper: IdentityKeeper): void {
    this.#identities = keeper;
    keeper.follow(certificateClient(this.#bus, this.#subjects, this.#settings.host));
  }

  stats(): ControlLinkStats {
    const { viewsApplied, viewsRejected, lastRejection, ...views } = this.#views.stats();
    const counters = { viewsApplied, viewsRejected, ...this.#registration.stats(), reconnects: this.#reconnects };
    return { connected: this.#bus.connected, server: this.#bus.server, ...views, counters, lastRejection };
  }

  #onBroadcast(verb: string, handle: () => void): void {
    this.#bus.subscribe(this.#subjects.agents(verb), (message) => {
      if (isFromControl(message)) handle();
    });
  }

  #onState(state: BusState): void {
    if (this.#stopped) return;
    this.#events.state(state);
    this.#logger.info({ server: this.#bus.server }, `NATS ${state}`);
    if (state === 'disconnected') return;
    if (state === 'reconnected') this.#reconnects++;
    this.#registration.onConnected();
    void this.#credentials?.look();
    this.#groups.askIn(0);
    this.#identities?.wake();
    this.#refreshIn(state === 'connected' ? 0 : Math.random() * RECONNECT_SPREAD_MS);
  }

  /** The next comparison with the store; a failed one is repeated soon, a good one in 30 to 60 s. */
  #refreshIn(delayMs: number): void {
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#recheck = setTimeout(() => {
      this.#groups.askIn(0);
      this.#identities?.wake();
      void this.#views.refresh().then(
        () => this.#refreshIn(this.#settings.recheckMs.min + Math.random() * this.#recheckSpread()),
        (cause: unknown) => {
          this.#logger.debug({ reason: String(cause) }, 'could not compare the views with the store');
          if (this.#bus.connected) this.#refreshIn(FIRST_REFRESH_RETRY_MS);
        },
      );
    }, delayMs);
    this.#recheck.unref();
  }

  #wakeIdentities(): void {
    setTimeout(() => this.#identities?.wake(), Math.random() * GROUP_SPREAD_MS).unref();
  }

  #recheckSpread(): number {
    return Math.max(0, this.#settings.recheckMs.max - this.#settings.recheckMs.min);
  }

  #sendAck(ack: Ack): void {
    this.#lastAck = ack;
    this.#bus.publish(this.#subjects.ack(this.#settings.host), JSON.stringify(ack));
  }
}
