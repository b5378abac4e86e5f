/** The local programs by the ports that they listen on, from the agent's file. */
import { type AppProtocol, type InboundWorkloadView, serviceKey } from '../contract/views.ts';

export interface InboundPort {
  /** `<namespace>/<name>`. */
  readonly workload: string;
  readonly protocol: AppProtocol;
}

export type InboundPorts = ReadonlyMap<number, InboundPort>;

/** Of two workloads with the same port the later one counts. */
export function inboundPorts(workloads: readonly InboundWorkloadView[]): InboundPorts {
  const ports = new Map<number, InboundPort>();
  for (const { namespace, name, ports: own } of workloads) {
    for (const { port, protocol } of own) ports.set(port, { workload: serviceKey(namespace, name), protocol });
  }
  return ports;
}
