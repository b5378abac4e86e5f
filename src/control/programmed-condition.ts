import { directoryKey } from '../contract/directory-parts.ts';
import type { ResourceReply } from '../contract/messages.ts';
import { hostViewKey, serviceViewKey } from '../contract/subjects.ts';
import type { ServiceKey } from '../contract/views.ts';
import { affectedServices, type Kind, type StoredResource, touchedNamespace } from '../resources/index.ts';
import type { ControlParts } from './control-parts.ts';
import { type Programmed, type PublishedView, programmedBy } from './programmed.ts';

type ConditionReply = ResourceReply['status']['conditions'][number];

const TYPE = 'towpath.dev/Programmed';
/** Of which every agent is told, not only those whose programs dial them. */
const IN_DIRECTORY: ReadonlySet<Kind> = new Set(['Service', 'ServiceEntry', 'Sidecar']);

/** The services whose views hold something of a resource. */
export function servicesOf(parts: ControlParts, { resource }: StoredResource): ServiceKey[] {
  const { resources } = parts.state;
  const change = { type: 'resource', before: resource, after: resource } as const;
  return affectedServices(resources, change).filter((key) => resources.frontend(key) !== undefined);
}

/** How the agents that use these services fare; null: their views are not published (yet). */
export function programmedOf(
  parts: ControlParts,
  { resource }: StoredResource,
  services: readonly ServiceKey[],
): Programmed | null {
  const views: PublishedView[] = [];
  if (resource.kind === 'Sidecar') {
    // What programs may dial lies in the first part of the directory.
    const key = directoryKey(0);
    const version = parts.publisher.versionOf(key);
    if (version === null) return null;
    views.push({ service: null, key, version });
  }
  const namespace = touchedNamespace(parts.state.resources, { type: 'resource', before: null, after: resource });
  for (const host of namespace === undefined ? [] : parts.state.hosts.hostsIn(namespace)) {
    const key = hostViewKey(host);
    const version = parts.publisher.versionOf(key);
    // None yet, or nothing is said of its workloads.
    if (version !== null) views.push({ service: null, host, key, version });
  }
  for (const service of services) {
    const key = serviceViewKey(service);
    const version = parts.publisher.versionOf(key);
    if (version === null) return null;
    views.push({ service, key, version });
  }
  return programmedBy(parts.agents.live(), views, IN_DIRECTORY.has(resource.kind));
}

/**
 * Whether the agents that use a service which the resource touches run its newest view. Others do not count: they read the newest when a
 * program first dials it. The services that an agent uses are as of its last lease renewal.
 */
export function programmedCondition(parts: ControlParts, stored: StoredResource): ConditionReply {
  const services = servicesOf(parts, stored);
  const tooLarge = services.find((service) => parts.publisher.views.oversize.has(serviceViewKey(service)));
  if (tooLarge !== undefined) {
    const message = `the view of ${tooLarge} is too large to publish: agents keep the one before`;
    return { type: TYPE, status: 'False', reason: 'ViewTooLarge', message };
  }
  const programmed = programmedOf(parts, stored, services);
  if (programmed === null) {
    return { type: TYPE, status: 'Unknown', reason: 'Pending', message: 'its views are not published yet' };
  }
  const { interested, pending, rejected } = programmed;
  const [first] = rejected;
  const message = `${interested.length - pending.length - rejected.length}/${interested.length} agents`;
  if (first !== undefined) {
    return { type: TYPE, status: 'False', reason: 'RejectedByAgent', message: `${first.host}: ${first.reason}` };
  }
  if (pending.length > 0) return { type: TYPE, status: 'Unknown', reason: 'Pending', message };
  return { type: TYPE, status: 'True', reason: 'Programmed', message };
}
