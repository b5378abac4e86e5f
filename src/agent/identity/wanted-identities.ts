/** Which identities this host asks for, and which programs each is for, from the agent file. Pure. */
import type { AgentConfig } from '../../config/agent-config.ts';
import type { IdentityAssignment } from '../../contract/identity.ts';
import { formatSpiffeId } from '../../contract/spiffe-id.ts';

export interface WantedIdentity {
  readonly namespace: string;
  readonly account: string;
}

/** Without workloads the host's programs only call: they are the default account of the namespace `default`. */
const OF_CALLERS: WantedIdentity = { namespace: 'default', account: 'default' };

/** Each once, in the order of the workloads: the first is that of programs which no assignment names. */
export function wantedIdentities({ workloads }: Pick<AgentConfig, 'workloads'>): readonly WantedIdentity[] {
  const wanted = new Map(
    workloads.map(({ namespace, serviceAccount }) => [
      `${namespace}/${serviceAccount}`,
      { namespace, account: serviceAccount },
    ]),
  );
  return wanted.size === 0 ? [OF_CALLERS] : [...wanted.values()];
}

/** One for each workload. With a single identity on the host there is nothing to tell apart. */
export function identityAssignments(
  { workloads }: Pick<AgentConfig, 'workloads'>,
  trustDomain: string,
): readonly IdentityAssignment[] {
  return workloads.map(({ namespace, serviceAccount, ports, programs }) => ({
    spiffeId: formatSpiffeId({ trustDomain, namespace, account: serviceAccount }),
    ports: ports.map(({ port }) => port),
    ...(programs.uids.length > 0 && { uids: programs.uids }),
    ...(programs.gids.length > 0 && { gids: programs.gids }),
    ...(programs.cgroups.length > 0 && { cgroups: programs.cgroups }),
  }));
}
