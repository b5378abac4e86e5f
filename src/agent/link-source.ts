/** Views from control over NATS, on top of the last-known-good ones. */
import type { LogSource } from '../contract/log-batch.ts';
import type { ServiceKey } from '../contract/views.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { LogStore } from '../telemetry/sinks/stream-sink.ts';
import {
  ControlLink,
  type ControlLinkHandlers,
  type ControlLinkSettings,
  type LinkedWorkload,
} from './control-link.ts';
import type { IdentityKeeper } from './identity/identity-keeper.ts';
import type { GroupProbeTable } from './probes/group-probe.ts';
import type { LeaseClient } from './quota/lease-client.ts';
import type { SourceStatus, ViewSink, ViewSource, Withdrawal } from './view-source.ts';
import type { ViewSnapshot } from './views/view-store.ts';

export class LinkSource implements ViewSource {
  readonly #settings: ControlLinkSettings;
  readonly #handlers: ControlLinkHandlers;
  readonly #held: ViewSnapshot;
  readonly #logger: Logger;
  #link: ControlLink | null = null;

  /** @param held the last-known-good views, already in force: the link keeps them fresh and never steps back behind them. */
  constructor(settings: ControlLinkSettings, handlers: ControlLinkHandlers, held: ViewSnapshot, logger: Logger) {
    this.#settings = settings;
    this.#handlers = handlers;
    this.#held = held;
    this.#logger = logger;
  }

  async start(sink: ViewSink): Promise<void> {
    const events = {
      directory: sink.directory.bind(sink),
      service: sink.service.bind(sink),
      host: sink.host.bind(sink),
      serviceRemoved: sink.serviceRemoved.bind(sink),
      // The link logs and counts its own comings and goings.
      state: () => undefined,
    };
    this.#link = new ControlLink(this.#settings, events, this.#handlers, this.#logger);
    this.#link.resume(this.#held);
  }

  follow(): void {
    this.#started().start();
  }

  demand(key: ServiceKey): void {
    this.#started().demand(key);
  }

  setWorkloads(workloads: readonly LinkedWorkload[]): void {
    this.#started().setWorkloads(workloads);
  }

  followGroups(groups: readonly string[], tell: (probes: GroupProbeTable) => void): void {
    this.#started().followGroups(groups, tell);
  }

  followIdentities(keeper: IdentityKeeper): void {
    this.#started().followIdentities(keeper);
  }

  leases(): LeaseClient {
    return this.#started().leases();
  }

  logs(source: LogSource): LogStore {
    return this.#started().logs(source);
  }

  async withdraw(): Promise<Withdrawal> {
    return (await this.#link?.withdraw()) ?? 'none-listens';
  }

  async rest(): Promise<void> {
    await this.#link?.rest();
  }

  async stop(): Promise<void> {
    await this.#link?.stop();
  }

  describe(): SourceStatus {
    return { type: 'control', ...this.#started().stats() };
  }

  #started(): ControlLink {
    if (this.#link === null) throw new Error('the link to control is used before it is started');
    return this.#link;
  }
}
