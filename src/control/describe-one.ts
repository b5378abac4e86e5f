import type { BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { getRequestSchema } from '../contract/messages.ts';
import type { DescribeReply } from '../contract/operator-messages.ts';
import {
  analyzeResources,
  type Finding,
  type Resource,
  type ResourceId,
  referencesOf,
  resourceId,
  resourceTitle,
  type StoredResource,
} from '../resources/index.ts';
import { notFound } from './change-resources.ts';
import type { ControlParts } from './control-parts.ts';
import { programmedOf, servicesOf } from './programmed-condition.ts';
import { describeResource } from './read-resources.ts';
import { rejectRequest } from './reject-request.ts';
import { describeKept, idOf } from './resource-history.ts';

const MAX_LISTED = 200;
const CHANGES = 5;

/** `control.resource.describe`: one resource, what it refers to, what refers to it, its endpoints, who runs it, and what was changed last. */
export async function describeOne(parts: ControlParts, request: BusMessage): Promise<DescribeReply> {
  const body = decodeJson(request.data, getRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const id = idOf(body.value);
  const stored = parts.state.resources.get(id) ?? rejectRequest(404, [notFound(id)]);
  const services = servicesOf(parts, stored);
  const { resources } = parts.state;
  return {
    resource: describeResource(parts, stored),
    refersTo: referencesOf(stored.resource)
      .map((reference) => ({ ...reference, exists: resources.get(reference.id as ResourceId) !== undefined }))
      .slice(0, MAX_LISTED),
    referredBy: referrersOf(parts, id).slice(0, MAX_LISTED),
    endpoints: endpointsOf(parts, stored.resource).slice(0, MAX_LISTED),
    services,
    agents: agentsOf(parts, stored, services),
    findings: findingsAbout(parts, stored.resource),
    changes: (await describeKept(parts, id, CHANGES)).items,
  };
}

function referrersOf(parts: ControlParts, id: ResourceId): DescribeReply['referredBy'] {
  return parts.state.resources.list().flatMap(({ resource }) =>
    referencesOf(resource)
      .filter((reference) => reference.id === id)
      .map(({ by }) => ({ id: resourceId(resource), by })),
  );
}

/** Of a Service or ServiceEntry: the workloads that it selects, the unhealthy ones too, or those that it names itself. */
function endpointsOf(parts: ControlParts, resource: Resource): DescribeReply['endpoints'] {
  if (resource.kind !== 'Service' && resource.kind !== 'ServiceEntry') return [];
  const { namespace, name } = resource.metadata;
  const selector = resource.kind === 'Service' ? resource.spec.selector : resource.spec.workloadSelector?.labels;
  if (selector === undefined || Object.keys(selector).length === 0) {
    const own = resource.kind === 'ServiceEntry' ? resource.spec.endpoints : [];
    return own.map(({ address, ports, weight }) => ({
      workload: `${namespace}/${name}`,
      address,
      ports,
      weight,
      host: null,
      healthy: true,
    }));
  }
  const { resources, endpoints } = parts.state;
  const written = resources.workloadsSelected(namespace, selector).map(({ metadata, spec }) => ({
    workload: `${namespace}/${metadata.name}`,
    address: spec.address,
    ports: spec.ports,
    weight: spec.weight,
    host: null,
    healthy: true,
  }));
  const registered = endpoints.select(namespace, selector).map((endpoint) => ({
    workload: `${namespace}/${endpoint.name}`,
    address: endpoint.address,
    ports: endpoint.ports,
    weight: endpoint.weight,
    host: endpoint.host,
    healthy: endpoint.healthy,
  }));
  return [...written, ...registered];
}

function agentsOf(parts: ControlParts, stored: StoredResource, services: readonly string[]): DescribeReply['agents'] {
  const programmed = programmedOf(parts, stored, services);
  if (programmed === null) return { interested: [], pending: [], rejected: [] };
  const { interested, pending, rejected } = programmed;
  return { interested: [...interested], pending: [...pending], rejected: [...rejected] };
}

function findingsAbout(parts: ControlParts, resource: Resource): Finding[] {
  const title = resourceTitle(resource);
  return analyzeResources(parts.state.resources, parts.state.endpoints)
    .filter(({ path }) => path === title || path?.startsWith(`${title}:`) === true)
    .slice(0, MAX_LISTED);
}
