import type { InboundLimitsView, LimitRuleView } from '../../contract/limit-views.ts';
import type { RegisteredEndpoint } from '../change.ts';
import { frontendOf } from '../frontend.ts';
import { getOrCreate } from '../get-or-create.ts';
import { keyOf, type ResourceIndex } from '../resource-index.ts';
import type { ServiceResource } from '../types.ts';
import { compileLimits } from './compile-limits.ts';
import { policyForPort } from './deciding-policy.ts';
import { portOf } from './select-workloads.ts';

/** How many hosts serve a Service. */
export type CountHosts = (service: ServiceResource) => number;

/**
 * The rate limits of the Services that pick a workload, by the port of the program. Several Services may lead to one port: each has
 * its own counters, and a request needs room in all.
 */
export function compileHostLimits(
  index: ResourceIndex,
  workload: RegisteredEndpoint,
  countHosts: CountHosts,
): InboundLimitsView[] {
  const found = new Map<number, Map<string, LimitRuleView>>();
  for (const key of index.servicesSelecting(workload.namespace, workload.labels).sort()) {
    const service = index.service(key)?.resource;
    if (service === undefined || index.policiesTargeting(key).length === 0) continue;
    const frontend = frontendOf(service);
    for (const port of frontend.spec.ports) {
      const policy = policyForPort(index, frontend, port)?.resource;
      const number = portOf(workload, port);
      if (policy?.spec.rateLimit === undefined || number === null) continue;
      const owner = { policy: keyOf(policy), service: key, hosts: countHosts(service) };
      const rules = getOrCreate(found, number, () => new Map<string, LimitRuleView>());
      for (const rule of compileLimits(policy.spec.rateLimit, owner)) rules.set(rule.id, rule);
    }
  }
  return [...found].sort(([a], [b]) => a - b).map(([port, rules]) => ({ port, rules: [...rules.values()] }));
}
