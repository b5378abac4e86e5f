/** Everything that a scrape of the agent returns. Names of OpenTelemetry and Istio are made here, out of what was counted once. */

import { REQUEST_BLOCK } from '../contract/request-block.ts';
import { serviceKey } from '../contract/views.ts';
import { requestCounts } from '../telemetry/counted-series.ts';
import { type IstioHost, istioSamples } from '../telemetry/istio-metrics.ts';
import type { Sample } from '../telemetry/metric.ts';
import { type MetricsFormat, renderMetrics } from '../telemetry/render-metrics.ts';
import { otelRequestSamples, towpathRequestSamples } from '../telemetry/request-metrics.ts';
import { type AgentFacts, describeAgent } from './admin/gather-metrics.ts';
import type { AgentParts } from './agent-parts.ts';
import { callerOf } from './metric-report.ts';
import type { ReportedTraffic } from './metric-reporter.ts';
import { healthOf, hindrances, illnesses } from './report-agent.ts';

export function reportMetrics(parts: AgentParts, format: MetricsFormat): string {
  return renderMetrics(
    [...parts.processMetrics.collect(), ...describeAgent(factsOf(parts), Date.now()), ...trafficSamples(parts)],
    format,
  );
}

/** What control is told of this host's traffic. */
export function reportTraffic({ options, workloads, threads }: AgentParts): ReportedTraffic {
  return { caller: callerOf(options.config.host, workloads), series: threads.counters() };
}

function trafficSamples(parts: AgentParts): Sample[] {
  const { threads, exemplars, options } = parts;
  const series = threads.counters();
  const requests = exemplars.attach(requestCounts(series));
  return [
    ...series.flatMap(({ name, labels, values: [value = 0], isIdle }) =>
      name === REQUEST_BLOCK || isIdle ? [] : [{ name, labels, value }],
    ),
    ...towpathRequestSamples(requests),
    ...otelRequestSamples(requests),
    ...(options.config.metrics.istio ? istioSamples(istioHost(parts), requests, series) : []),
  ];
}

function istioHost({ options, workloads, store }: AgentParts): IstioHost {
  const services = new Set(store.directory()?.services.map(({ namespace, name }) => serviceKey(namespace, name)));
  return {
    mesh: options.config.mesh,
    workloads: workloads.map(({ key, config: { labels } }) => ({
      key,
      app: labels['app'] ?? '',
      version: labels['version'] ?? '',
    })),
    isService: (key) => services.has(key),
  };
}

function factsOf(parts: AgentParts): AgentFacts {
  const source = parts.source.describe();
  return {
    ready: illnesses(parts).length + hindrances(parts).length === 0,
    views: parts.store.snapshot(),
    saves: parts.saver?.counts() ?? null,
    control: source.type === 'control' ? source : null,
    workloads: healthOf(parts),
    identities: parts.identities?.status() ?? null,
    interception: parts.keeper?.state() ?? null,
    dns: parts.dns?.counts() ?? null,
    connections: parts.threads.connections(),
    heartbeatAgeMs: parts.threads.heartbeatAgeMs(),
    stalls: parts.stallWatch.stalls(),
    records: parts.records.counts(),
  };
}
