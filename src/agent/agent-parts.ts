/** The agent's parts, built once by `start-agent.ts` and read by whatever reports on them. */
import type { InterceptionKeeper } from '../intercept/index.ts';
import type { Exemplars } from '../telemetry/exemplars.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessMetrics } from '../telemetry/process-metrics.ts';
import type { AgentOptions } from './agent-options.ts';
import type { DataThreads } from './data-threads.ts';
import type { DnsServer } from './dns/dns-server.ts';
import type { IdentityKeeper } from './identity/identity-keeper.ts';
import type { LocalWorkload } from './local-workloads.ts';
import type { EndpointChecks } from './probes/endpoint-checks.ts';
import type { ProbeRunner } from './probes/run-probes.ts';
import type { QuotaKeeper } from './quota/quota-keeper.ts';
import type { AgentRecords } from './records/agent-records.ts';
import type { ViewSource } from './view-source.ts';
import type { ViewSaver } from './views/view-saver.ts';
import type { ViewStore } from './views/view-store.ts';
import type { StallWatch } from './watch-data-threads.ts';

export type Phase = 'starting' | 'running' | 'draining';

export interface AgentParts {
  readonly options: AgentOptions;
  readonly logger: Logger;
  readonly store: ViewStore;
  readonly threads: DataThreads;
  readonly source: ViewSource;
  /** null when standalone: files are their own memory. */
  readonly saver: ViewSaver | null;
  /** null without interception. */
  readonly keeper: InterceptionKeeper | null;
  /** null when DNS is not captured. */
  readonly dns: DnsServer | null;
  readonly stallWatch: StallWatch;
  /** Active checks of the endpoints that programs of this host call. */
  readonly checks: EndpointChecks;
  /** Tokens of global rate limits for what arrives here. */
  readonly quotas: QuotaKeeper;
  /** null without control: there is nobody to issue certificates. */
  readonly identities: IdentityKeeper | null;
  readonly workloads: readonly LocalWorkload[];
  readonly probes: ProbeRunner;
  /** What failed, and what is logged. */
  readonly records: AgentRecords;
  readonly processMetrics: ProcessMetrics;
  /** Traced requests that metrics may show as examples. */
  readonly exemplars: Exemplars;
  readonly phase: () => Phase;
}
