import type { ProbeConfig } from '../../config/agent-config.ts';
import type { GroupProbeMessage } from '../../contract/group-messages.ts';

/** The probes of WorkloadGroups by `<namespace>/<name>`; null: it has none. A group that is not in it is not known yet. */
export type GroupProbeTable = ReadonlyMap<string, ProbeConfig | null>;

/** A probe of a WorkloadGroup in the form of the agent file. Never a command: whoever may write resources would run programs here. */
export function probeOfGroup(probe: GroupProbeMessage): ProbeConfig {
  const { initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold } = probe;
  const pace = { initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold };
  return { check: checkOf(probe), ...pace };
}

/** The schema has seen to it that there is exactly one. */
function checkOf({ httpGet, grpc, tcpSocket }: GroupProbeMessage): ProbeConfig['check'] {
  if (httpGet !== undefined) return { type: 'http', port: httpGet.port, path: httpGet.path };
  if (grpc !== undefined) return { type: 'grpc', port: grpc.port, service: grpc.service };
  return { type: 'tcp', port: tcpSocket?.port ?? 0 };
}
