/** The workloads of the agent file in the forms that others want them. Pure. */
import type { AgentConfig, WorkloadConfig } from '../config/agent-config.ts';
import type { InboundWorkloadView } from '../contract/views.ts';
import { type Problem, UserError } from '../core/errors.ts';
import type { LinkedWorkload } from './control-types.ts';
import type { ProbedWorkload } from './probes/run-probes.ts';

export interface LocalWorkload extends ProbedWorkload {
  readonly config: WorkloadConfig;
}

/**
 * Gives each workload the address under which it registers.
 * @param hostAddress the host's own address, if it has one.
 * @throws UserError for every workload that has none.
 */
export function localWorkloads(config: AgentConfig, hostAddress: string | null): LocalWorkload[] {
  const problems: Problem[] = [];
  const workloads = config.workloads.map((workload, i): LocalWorkload => {
    const address = workload.address ?? config.address ?? hostAddress;
    if (address === null) {
      const hint = "set address (for all workloads) or the workload's own address";
      problems.push({ code: 'TWP2401', path: `workloads[${i}].address`, message: 'this host has no address', hint });
    }
    const key = `${workload.namespace}/${workload.name}`;
    const group = workload.group === null ? {} : { group: `${workload.namespace}/${workload.group}` };
    return { key, config: workload, address: address ?? '', probe: workload.probe, ...group };
  });
  if (problems.length > 0) throw new UserError(problems);
  return workloads;
}

/**
 * @param hostLocality of the agent file; null = unknown.
 * @param identity SPIFFE ID that the host can prove for it.
 */
export function linkedWorkload(
  workload: LocalWorkload,
  healthy: boolean,
  hostLocality: string | null,
  identity?: string | undefined,
): LinkedWorkload {
  const { namespace, name, labels, weight, ports, group } = workload.config;
  const locality = workload.config.locality ?? hostLocality;
  const numbers = Object.fromEntries(ports.map((p) => [p.name, p.port]));
  return {
    namespace,
    name,
    labels,
    address: workload.address,
    ports: numbers,
    weight,
    healthy,
    ...(locality === null ? {} : { locality }),
    ...(group === null ? {} : { group }),
    ...(identity === undefined ? {} : { identity }),
  };
}

export function inboundViews(config: AgentConfig): InboundWorkloadView[] {
  return config.workloads.map(({ namespace, name, ports }) => ({ namespace, name, ports }));
}
