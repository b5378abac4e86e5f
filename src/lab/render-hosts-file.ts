/** Name resolution of a lab host: /etc/hosts with the hosts and services of the lab, and a resolver file that asks nobody. Pure. */
import { isIPv4 } from 'node:net';
import type { HostPlan, LabPlan } from './lab-plan.ts';

/** A service's names and where to dial them. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
  readonly virtualIps: readonly string[];
}

/** Only loopback is asked, where nobody listens, so that an unknown name fails at once and nothing leaves the lab. */
export const RESOLVER_FILE = 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n';

/** /etc/hosts as `host` sees it: only addresses of families it has. Services are called `<name>.<namespace>`. */
export function renderHostsFile(plan: LabPlan, host: HostPlan, services: readonly ServiceName[]): string {
  const lines = ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback', '# hosts of the lab'];
  for (const other of plan.hosts) {
    if (host.ipv4 !== null && other.ipv4 !== null) lines.push(`${other.ipv4.address} ${other.name}`);
    if (host.ipv6 !== null && other.ipv6 !== null) lines.push(`${other.ipv6.address} ${other.name}`);
  }
  lines.push('# services of the mesh');
  for (const service of services) {
    for (const ip of service.virtualIps) {
      const reachable = isIPv4(ip) ? host.ipv4 !== null : host.ipv6 !== null;
      if (reachable) lines.push(`${ip} ${service.name}.${service.namespace}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
