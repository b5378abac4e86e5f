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

/**
 * Each once. The first is that of programs which no workload names: it belongs to the first workload that names no programs itself, or, where
 * all do, to the first.
 */
export function wantedIdentities({ workloads }: Pick<AgentConfig, 'workloads'>): readonly WantedIdentity[] {
  const isOpen = ({ programs }: AgentConfig['workloads'][number]): boolean =>
    programs.uids.length + programs.gids.length === 0;
  const ordered = [...workloads.filter(isOpen), ...workloads.filter((one) => !isOpen(one))];
  const wanted = new Map(
    ordered.map(({ namespace, serviceAccount }) => [
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
  return workloads.map(({ namespace, serviceAccount, ports }) => ({
    spiffeId: formatSpiffeId({ trustDomain, namespace, account: serviceAccount }),
    ports: ports.map(({ port }) => port),
  }));
}
