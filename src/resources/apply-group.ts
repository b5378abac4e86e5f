import type { RegisteredEndpoint } from './change.ts';
import type { WorkloadGroupResource } from './types.ts';

/** What an agent registers when its file says nothing. */
const DEFAULT_WEIGHT = 1;

/**
 * A registered workload with what its WorkloadGroup says. What the agent says itself wins: each label and port, the locality, and a weight
 * other than 1.
 * @param group undefined: there is no such group, and the workload stays as it registered.
 */
export function applyGroup(endpoint: RegisteredEndpoint, group: WorkloadGroupResource | undefined): RegisteredEndpoint {
  if (group === undefined) return endpoint;
  const { metadata, template } = group.spec;
  const locality = endpoint.locality ?? template.locality;
  const { serviceAccount } = template;
  return {
    ...endpoint,
    labels: { ...template.labels, ...metadata.labels, ...endpoint.labels },
    ports: { ...template.ports, ...endpoint.ports },
    weight: endpoint.weight === DEFAULT_WEIGHT ? template.weight : endpoint.weight,
    ...(locality === undefined ? {} : { locality }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
  };
}

/** `<namespace>/<name>` of the group that a workload registered in; null when it named none. Groups are those of its namespace. */
export function groupKeyOf({ namespace, group }: RegisteredEndpoint): string | null {
  return group === undefined ? null : `${namespace}/${group}`;
}
