import type { CertificateFactsNow } from './ca/certificate-service.ts';
import type { ControlParts } from './control-parts.ts';
import { listAgents } from './serve-commands.ts';

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly { readonly labels: string; readonly value: number }[];
}

/** Prometheus text (exposition format 0.0.4). `parts` is null while this control does not lead. */
export function renderMetrics(
  connected: boolean,
  parts: ControlParts | null,
  certificates: CertificateFactsNow | null,
): string {
  const families = [
    gauge('towpath_control_nats_connected', 'Whether this control is connected to NATS.', connected ? 1 : 0),
    gauge('towpath_control_leading', 'Whether this control holds the lock and works.', parts === null ? 0 : 1),
    ...(parts === null ? [] : workFamilies(parts)),
    ...(certificates === null ? [] : certificateFamilies(certificates)),
  ];
  return families.map(renderFamily).join('');
}

function workFamilies(parts: ControlParts): Family[] {
  const { state, publisher, registry, config, audit } = parts;
  const { epoch, gen } = publisher.generation;
  const byState = new Map<string, number>(['SYNCED', 'STALE', 'ERROR', 'GONE'].map((s) => [s, 0]));
  for (const agent of listAgents(parts)) byState.set(agent.state, (byState.get(agent.state) ?? 0) + 1);
  const byKind = new Map<string, number>();
  for (const { resource } of state.resources.list()) byKind.set(resource.kind, (byKind.get(resource.kind) ?? 0) + 1);
  return [
    gauge('towpath_control_epoch', 'Epoch of the published views; rises when the store was recreated.', epoch),
    gauge('towpath_control_generation', 'Generation of the published views.', gen),
    labelled('towpath_control_resources', 'Admitted resources.', 'kind', byKind),
    labelled('towpath_control_agents', 'Agents by state.', 'state', byState),
    gauge('towpath_control_endpoints', 'Registered workloads of live hosts.', state.endpoints.list().length),
    counter('towpath_control_publications_total', 'Generations published.', publisher.publications),
    counter(
      'towpath_control_views_written_total',
      'Views written because their content changed.',
      publisher.views.written,
    ),
    counter('towpath_control_publish_failures_total', 'Publications that had to be tried again.', publisher.failures),
    gauge('towpath_control_oversize_views', 'Views that are too large to publish.', publisher.views.oversize.size),
    counter('towpath_control_leases_expired_total', 'Hosts whose lease ran out.', registry.expired),
    gauge('towpath_control_held_endpoints', 'Silent endpoints kept in force until confirmed.', registry.held.size),
    counter('towpath_control_removals_held_total', 'Removals of endpoints that were held.', registry.held.total),
    counter(
      'towpath_control_malformed_records_total',
      'Leases and registrations ignored as malformed.',
      registry.malformed,
    ),
    counter('towpath_control_direct_edits_total', 'Changes made in the store, not by request.', config.directEdits),
    counter(
      'towpath_control_refused_edits_total',
      'Records of the store that could not be admitted.',
      config.refusedEdits,
    ),
    counter('towpath_control_audit_failures_total', 'Audit events that could not be stored.', audit.failures),
  ];
}

function certificateFamilies({ issued, refused, signs, roots, rotation }: CertificateFactsNow): Family[] {
  const ends = roots.map(({ fingerprint, notAfterMs, active }) => ({
    labels: `{root="${fingerprint.slice(0, 16)}",state="${active ? 'active' : 'trusted'}"}`,
    value: notAfterMs / 1000,
  }));
  return [
    counter('towpath_control_certificates_issued_total', 'Certificates that this control signed for hosts.', issued),
    counter('towpath_control_certificates_refused_total', 'Requests for certificates that were refused.', refused),
    gauge('towpath_control_signs_certificates', 'Whether this control has the key of the root in use.', signs ? 1 : 0),
    gauge('towpath_control_root_rotation', 'Whether a rotation of the root is under way.', rotation === null ? 0 : 1),
    {
      name: 'towpath_control_root_expiration_timestamp_seconds',
      type: 'gauge',
      help: 'Unix time at which a trusted root expires.',
      samples: ends,
    },
  ];
}

function gauge(name: string, help: string, value: number): Family {
  return { name, type: 'gauge', help, samples: [{ labels: '', value }] };
}
function counter(name: string, help: string, value: number): Family {
  return { name, type: 'counter', help, samples: [{ labels: '', value }] };
}
function labelled(name: string, help: string, label: string, values: ReadonlyMap<string, number>): Family {
  return {
    name,
    type: 'gauge',
    help,
    samples: [...values].map(([v, value]) => ({ labels: `{${label}="${v}"}`, value })),
  };
}

function renderFamily({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
