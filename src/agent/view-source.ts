/** Where views come from: control over NATS, or files. The rest of the agent does not know which. */
import type { LogSource } from '../contract/log-batch.ts';
import type { ServiceKey } from '../contract/views.ts';
import type { LogStore } from '../telemetry/sinks/stream-sink.ts';
import type { ControlLinkStats, LinkedWorkload } from './control-types.ts';
import type { IdentityKeeper } from './identity/identity-keeper.ts';
import type { GroupProbeTable } from './probes/group-probe.ts';
import type { LeaseClient } from './quota/lease-client.ts';
import type { ViewApplier } from './views/apply-views.ts';

/** Where a source delivers. */
export type ViewSink = Pick<ViewApplier, 'directory' | 'service' | 'serviceRemoved' | 'host'>;

export interface ViewSource {
  /**
   * Puts in force what is known on this host, before any rule sends traffic here. Called once, before the others.
   * @param workloads of this host: what arrives at them is subject to policies from the first connection on
   */
  start(sink: ViewSink, workloads: readonly LinkedWorkload[]): Promise<void>;
  /** Begins to follow changes. Never waits for anything outside this host. */
  follow(): void;
  /** A local program dialled this service: bring its view, or say that there is none, and keep it fresh. */
  demand(key: ServiceKey): void;
  /** The whole list of this host's workloads, whenever the health of one changes. */
  setWorkloads(workloads: readonly LinkedWorkload[]): void;
  /** Tells the probes of these WorkloadGroups (`<namespace>/<name>`) as soon as they are known, and again when they change. */
  followGroups(groups: readonly string[], tell: (probes: GroupProbeTable) => void): void;
  /** Lets control issue the certificates of this host; files issue none. */
  followIdentities(keeper: IdentityKeeper): void;
  /** Where tokens of global rate limits come from; null: from nobody. */
  leases(): LeaseClient | null;
  /** Where lines of the access log are stored for the whole mesh; null: nowhere. */
  logs(source: LogSource): LogStore | null;
  /** Takes the workloads out of the registry, for good; everything else goes on. Bounded in time. */
  withdraw(): Promise<Withdrawal>;
  /** Withdraws the workloads, where that has not been done, and follows nothing any more; log lines still leave. Bounded in time. */
  rest(): Promise<void>;
  /** The same, and ends. */
  stop(): Promise<void>;
  /** For people: `towpath agent status`. */
  describe(): SourceStatus;
}

/** Whether anybody hears of it who expects mutual TLS of a workload, and needs a moment to turn elsewhere. */
export type Withdrawal = 'peers-listen' | 'none-listens';

export type SourceStatus =
  | { readonly type: 'files'; readonly paths: readonly string[]; readonly problems: readonly string[] }
  | ({ readonly type: 'control' } & ControlLinkStats);
