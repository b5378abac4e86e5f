/** Everything a scrape returns: what the data threads counted and what the main thread knows. */
import type { KeeperState } from '../../intercept/index.ts';
import { type Sample, sample } from '../../telemetry/metric.ts';
import type { ControlLinkStats } from '../control-types.ts';
import type { DnsCount } from '../dns/dns-desk.ts';
import { type IdentityStatus, identitySamples } from '../identity/identity-status.ts';
import type { RecordCounts } from '../records/agent-records.ts';
import type { ViewSnapshot } from '../views/view-store.ts';

export interface AgentFacts {
  readonly ready: boolean;
  readonly views: ViewSnapshot;
  readonly saves: { readonly written: number; readonly failures: number } | null;
  /** null without control. */
  readonly control: ControlLinkStats | null;
  readonly workloads: readonly { readonly key: string; readonly healthy: boolean }[];
  /** null without control. */
  readonly identities: IdentityStatus | null;
  /** null without interception. */
  readonly interception: KeeperState | null;
  /** null when DNS is not captured. */
  readonly dns: readonly DnsCount[] | null;
  /** Captured connections open now. */
  readonly connections: number;
  readonly heartbeatAgeMs: number;
  readonly stalls: number;
  readonly records: RecordCounts;
}

export function describeAgent(facts: AgentFacts, nowMs: number): Sample[] {
  return [
    sample('towpath_ready', facts.ready ? 1 : 0),
    ...viewSamples(facts.views),
    ...(facts.saves === null ? [] : saveSamples(facts.saves)),
    ...(facts.control === null ? [] : controlSamples(facts.control)),
    ...facts.workloads.map(({ key, healthy }) =>
      sample('towpath_workload_healthy', healthy ? 1 : 0, { workload: key }),
    ),
    ...(facts.identities === null ? [] : identitySamples(facts.identities)),
    ...(facts.interception === null ? [] : interceptionSamples(facts.interception, nowMs)),
    ...(facts.dns ?? []).map(({ transport, fate, count }) =>
      sample('towpath_dns_queries_total', count, { transport, fate }),
    ),
    sample('towpath_connections_open', facts.connections),
    sample('towpath_data_thread_heartbeat_age_seconds', facts.heartbeatAgeMs / 1000),
    sample('towpath_data_thread_stalls_total', facts.stalls),
    ...recordSamples(facts.records),
  ];
}

function recordSamples({ dropped, sinks, spans }: RecordCounts): Sample[] {
  return [
    ...(spans === null
      ? []
      : [sample('towpath_spans_exported_total', spans.sent), sample('towpath_spans_dropped_total', spans.dropped)]),
    sample('towpath_records_dropped_total', dropped),
    ...sinks.flatMap(({ name, written, dropped }) => [
      sample('towpath_access_log_lines_total', written, { sink: name }),
      sample('towpath_access_log_dropped_total', dropped, { sink: name }),
    ]),
  ];
}

function viewSamples({ directory, services }: ViewSnapshot): Sample[] {
  return [
    sample('towpath_directory_generation', directory?.version.gen ?? 0),
    sample('towpath_directory_services', directory?.services.length ?? 0),
    ...services.map(({ namespace, name, version }) =>
      sample('towpath_view_generation', version.gen, { service: `${namespace}/${name}` }),
    ),
  ];
}

function saveSamples({ written, failures }: NonNullable<AgentFacts['saves']>): Sample[] {
  return [sample('towpath_views_persisted_total', written), sample('towpath_views_persist_failures_total', failures)];
}

function controlSamples({ connected, viewAgeSeconds, counters }: ControlLinkStats): Sample[] {
  return [
    sample('towpath_control_connected', connected ? 1 : 0),
    ...(viewAgeSeconds === null ? [] : [sample('towpath_control_view_age_seconds', viewAgeSeconds)]),
    sample('towpath_control_lease_renewals_total', counters.leaseRenewals),
    sample('towpath_control_lease_failures_total', counters.leaseFailures),
    sample('towpath_control_reconnects_total', counters.reconnects),
    sample('towpath_control_views_applied_total', counters.viewsApplied),
    sample('towpath_control_views_rejected_total', counters.viewsRejected),
  ];
}

function interceptionSamples(state: NonNullable<AgentFacts['interception']>, nowMs: number): Sample[] {
  return [
    sample('towpath_interception_repairs_total', state.repairs),
    sample('towpath_interception_drifts_total', state.drifts),
    sample('towpath_interception_lease_refreshes_total', state.leaseRefreshes),
    ...(state.lease === 'none'
      ? []
      : [sample('towpath_interception_lease_age_seconds', Math.max(0, nowMs - state.lastRefreshMs) / 1000)]),
  ];
}
