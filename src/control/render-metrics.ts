import { type Sample, sample } from '../telemetry/metric.ts';
import { type MetricsFormat, renderMetrics as renderSamples } from '../telemetry/render-metrics.ts';
import type { CertificateFactsNow } from './ca/certificate-service.ts';
import type { ControlParts } from './control-parts.ts';
import { listAgents } from './serve-commands.ts';

/** What a scrape of control returns. `parts` is null while this control does not lead. */
export function renderMetrics(
  connected: boolean,
  parts: ControlParts | null,
  certificates: CertificateFactsNow | null,
  format: MetricsFormat,
): string {
  const samples = [
    sample('towpath_control_nats_connected', connected ? 1 : 0),
    sample('towpath_control_leading', parts === null ? 0 : 1),
    ...(parts === null ? [] : workSamples(parts)),
    ...(parts === null ? [] : parts.metrics.samples()),
    ...(parts?.logs?.samples() ?? []),
    ...(certificates === null ? [] : certificateSamples(certificates)),
  ];
  return renderSamples(samples, format);
}

function workSamples(parts: ControlParts): Sample[] {
  const { state, publisher, registry, config, audit } = parts;
  const { epoch, gen } = publisher.generation;
  const byState = new Map<string, number>(['SYNCED', 'STALE', 'ERROR', 'GONE'].map((s) => [s, 0]));
  for (const agent of listAgents(parts)) byState.set(agent.state, (byState.get(agent.state) ?? 0) + 1);
  const byKind = new Map<string, number>();
  for (const { resource } of state.resources.list()) byKind.set(resource.kind, (byKind.get(resource.kind) ?? 0) + 1);
  return [
    sample('towpath_control_epoch', epoch),
    sample('towpath_control_generation', gen),
    ...labelled('towpath_control_resources', 'kind', byKind),
    ...labelled('towpath_control_agents', 'state', byState),
    sample('towpath_control_endpoints', state.endpoints.list().length),
    sample('towpath_control_publications_total', publisher.publications),
    sample('towpath_control_views_written_total', publisher.views.written),
    sample('towpath_control_publish_failures_total', publisher.failures),
    sample('towpath_control_oversize_views', publisher.views.oversize.size),
    sample('towpath_control_leases_expired_total', registry.expired),
    sample('towpath_control_held_endpoints', registry.held.size),
    sample('towpath_control_removals_held_total', registry.held.total),
    sample('towpath_control_malformed_records_total', registry.malformed),
    sample('towpath_control_direct_edits_total', config.directEdits),
    sample('towpath_control_refused_edits_total', config.refusedEdits),
    sample('towpath_control_audit_failures_total', audit.failures),
  ];
}

function certificateSamples({ issued, refused, signs, roots, rotation }: CertificateFactsNow): Sample[] {
  return [
    sample('towpath_control_certificates_issued_total', issued),
    sample('towpath_control_certificates_refused_total', refused),
    sample('towpath_control_signs_certificates', signs ? 1 : 0),
    sample('towpath_control_root_rotation', rotation === null ? 0 : 1),
    ...roots.map(({ fingerprint, notAfterMs, active }) =>
      sample('towpath_control_root_expiration_timestamp_seconds', notAfterMs / 1000, {
        root: fingerprint.slice(0, 16),
        state: active ? 'active' : 'trusted',
      }),
    ),
  ];
}

function labelled(name: string, label: string, values: ReadonlyMap<string, number>): Sample[] {
  return [...values].map(([text, value]) => sample(name, value, { [label]: text }));
}
