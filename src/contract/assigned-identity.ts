/** Which of a host's identities is whose. Pure. */
import type { IdentitySet, WorkloadIdentity } from './identity.ts';

/** Under which the program behind a port is reached: that of its assignment, else the first; null = the host has none. */
export function identityOfPort({ identities, assignments }: IdentitySet, port: number): WorkloadIdentity | null {
  const assigned = assignments.find(({ ports }) => ports?.includes(port) === true);
  if (assigned === undefined) return identities[0] ?? null;
  // Assigned and not issued (yet): nobody else's certificate may stand in for it.
  return identities.find(({ spiffeId }) => spiffeId === assigned.spiffeId) ?? null;
}

/** The SPIFFE ID under which a workload with these ports registers; undefined = none, so that others reach it without mutual TLS. */
export function identityOfWorkload(set: IdentitySet, ports: readonly number[]): string | undefined {
  const [first] = ports;
  const found = first === undefined ? set.identities[0] : identityOfPort(set, first);
  return found?.spiffeId;
}
