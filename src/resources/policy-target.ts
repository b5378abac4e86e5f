import { serviceKey } from '../contract/views.ts';
import { policyForPort, policyForRouteRule } from './compile/deciding-policy.ts';
import { type FrontendTarget, isRouteTarget, type PolicyTarget, type RouteTarget } from './policy-types.ts';
import { keyOf, type ResourceIndex, type Stored } from './resource-index.ts';
import { type BackendTrafficPolicyResource, type RequestRouteResource, resourceTitle } from './types.ts';

export interface TargetProblem {
  /** Reason of the condition `Accepted`. */
  readonly reason: 'TargetNotFound' | 'Conflicted';
  readonly message: string;
}

/** `shop/orders`, `shop/orders:http`, `ServiceEntry shop/vendor`, `HTTPRoute shop/orders`, `HTTPRoute shop/orders rule main`. */
export function policyTargetTitle(policy: BackendTrafficPolicyResource, ref: PolicyTarget): string {
  const key = serviceKey(policy.metadata.namespace, ref.name);
  if (!isRouteTarget(ref)) return frontendTargetTitle(ref, key);
  return ref.sectionName === undefined ? `${ref.kind} ${key}` : `${ref.kind} ${key} rule ${ref.sectionName}`;
}

/** The title of a Service or one of its ports as the target of a policy. */
export function frontendTargetTitle({ kind, sectionName }: FrontendTarget, key: string): string {
  const title = kind === 'Service' ? key : `${kind} ${key}`;
  return sectionName === undefined ? title : `${title}:${sectionName}`;
}

/** Why a target of a policy does not get it; null = it does, on one port or rule at least. */
export function policyTargetProblem(
  index: ResourceIndex,
  policy: BackendTrafficPolicyResource,
  ref: PolicyTarget,
): TargetProblem | null {
  const winners = isRouteTarget(ref) ? winnersOfRules(index, policy, ref) : winnersOfPorts(index, policy, ref);
  if ('reason' in winners) return winners;
  const [other] = winners;
  if (other === undefined || winners.some(({ resource }) => keyOf(resource) === keyOf(policy))) return null;
  const part = isRouteTarget(ref) ? 'rule' : 'port';
  const message = `${resourceTitle(other.resource)}, older or for the ${part} by name, applies to ${policyTargetTitle(policy, ref)}`;
  return { reason: 'Conflicted', message };
}

type Winners = readonly Stored<BackendTrafficPolicyResource>[] | TargetProblem;

function winnersOfPorts(index: ResourceIndex, policy: BackendTrafficPolicyResource, ref: FrontendTarget): Winners {
  const key = serviceKey(policy.metadata.namespace, ref.name);
  const service = index.frontend(key)?.resource;
  if (service?.kind !== ref.kind) return notFound(`the ${ref.kind} ${key} does not exist`);
  const ports = service.spec.ports.filter((port) => ref.sectionName === undefined || port.name === ref.sectionName);
  if (ports.length === 0) return notFound(`the ${ref.kind} ${key} has no port named ${ref.sectionName}`);
  return ports.flatMap((port) => policyForPort(index, service, port) ?? []);
}

function winnersOfRules(index: ResourceIndex, policy: BackendTrafficPolicyResource, ref: RouteTarget): Winners {
  const key = serviceKey(policy.metadata.namespace, ref.name);
  const route = targetRoute(index, policy, ref);
  if (route === undefined) return notFound(`the ${ref.kind} ${key} does not exist`);
  const rules = route.spec.rules.filter(({ name }) => ref.sectionName === undefined || name === ref.sectionName);
  if (rules.length === 0) return notFound(`the ${ref.kind} ${key} has no rule named ${ref.sectionName}`);
  return rules.flatMap((rule) => policyForRouteRule(index, route, rule) ?? []);
}

/** The route that a target names, or undefined. */
export function targetRoute(
  index: ResourceIndex,
  policy: BackendTrafficPolicyResource,
  ref: RouteTarget,
): RequestRouteResource | undefined {
  const resource = index.get(`${ref.kind}.${policy.metadata.namespace}.${ref.name}`)?.resource;
  return resource?.kind === 'HTTPRoute' || resource?.kind === 'GRPCRoute' ? resource : undefined;
}

function notFound(message: string): TargetProblem {
  return { reason: 'TargetNotFound', message };
}
