/** The network of a lab as `ip -batch` texts: links, bridge and addresses, one text per namespace. Pure. */
import type { HostPlan, LabPlan } from './lab-plan.ts';

export interface NamespaceSetup {
  readonly namespace: string;
  /** Lines for `ip -n NAMESPACE -batch -`. */
  readonly batch: string;
}

/** In order: the bridge with all cables first, then each host's end. The namespaces must exist. */
export function renderNetwork(plan: LabPlan): NamespaceSetup[] {
  return [renderBridge(plan), ...plan.hosts.map(renderHost)];
}

function renderBridge(plan: LabPlan): NamespaceSetup {
  const lines = [
    'link set lo up',
    // Snooping without a multicast querier would swallow IPv6 neighbour discovery.
    'link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
    'link set br0 up',
    ...plan.hosts.flatMap((host) => [
      `link add ${host.bridgePort} type veth peer name eth0 netns ${host.namespace}`,
      `link set ${host.bridgePort} master br0 up`,
    ]),
  ];
  return { namespace: plan.bridgeNamespace, batch: `${lines.join('\n')}\n` };
}

function renderHost(host: HostPlan): NamespaceSetup {
  const lines = ['link set lo up'];
  const { ipv4, ipv6 } = host;
  if (ipv4 !== null) lines.push(`address add ${ipv4.address}/${ipv4.prefix} dev eth0`);
  // nodad: duplicate address detection would make the address unusable for its first second.
  if (ipv6 !== null) lines.push(`address add ${ipv6.address}/${ipv6.prefix} dev eth0 nodad`);
  lines.push('link set eth0 up');
  return { namespace: host.namespace, batch: `${lines.join('\n')}\n` };
}
