/** As whom this host speaks and answers in mutual TLS of the mesh. */
import type { IdentitySet } from '../../contract/identity.ts';
import type { TlsProblem } from '../../reactor/tls/tls-reasons.ts';

export class OwnIdentities {
  #set: IdentitySet | null = null;
  /** SPIFFE ID of programs that no assignment names; null: none was ever held. It stays when the last certificate has ended. */
  own: string | null = null;

  /** The host takes part in mutual TLS. Once it does it goes on, also without a certificate: then it refuses, and is refused. */
  get isMember(): boolean {
    return this.#set !== null;
  }

  /**
   * Other certificates are in force. @returns whether connections to endpoints are made in another way from now on: as somebody else, or, when
   * the certificate has ended, not at all
   */
  set(identities: IdentitySet): boolean {
    const before = this.#set === null ? undefined : this.own;
    const wasHeld = holds(this.#set, this.own);
    this.#set = identities;
    this.own = identities.identities[0]?.spiffeId ?? this.own;
    return this.own !== before || (wasHeld && !holds(identities, this.own));
  }

  /** As whom the program behind a port answers, whether its certificate is there or not; null: the host's first. */
  ofPort(port: number): string | null {
    const assigned = this.#set?.assignments.find(({ ports }) => ports?.includes(port) === true);
    return assigned?.spiffeId ?? this.own;
  }
}

/** Whether a certificate of that SPIFFE ID is there. */
export function holds(set: IdentitySet | null, spiffeId: string | null): boolean {
  return set?.identities.some((one) => one.spiffeId === spiffeId) === true;
}

/** Names the certificate that is missing, which the reactor does not know any more. */
export function nameProblem({ reason, sentence }: TlsProblem, spiffeId: string | null): string {
  if (reason !== 'own-identity-missing' || spiffeId === null) return sentence;
  return `this host has no valid certificate for ${spiffeId}: it has ended, or was not issued; see towpath cert show`;
}
