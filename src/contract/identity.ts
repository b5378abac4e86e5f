/**
 * What a host's certificates say, as the agent's main thread hands it to the data threads (SPIFFE X.509-SVID). Keys are made on the
 * host and never leave it; this passes between threads of one process alone.
 */

export interface WorkloadIdentity {
  /** `spiffe://<trust-domain>/ns/<namespace>/sa/<account>`. */
  readonly spiffeId: string;
  /** PEM, the leaf first, then intermediates; the root is not in it. */
  readonly chain: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** Wall-clock ms. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Which local programs an identity is for. Several workloads may share a host; who is who when they call, the listeners tell (ADR 0013). */
export interface IdentityAssignment {
  readonly spiffeId: string;
  /** Inbound: ports of the local program. */
  readonly ports?: readonly number[] | undefined;
}

export interface IdentitySet {
  readonly trustDomain: string;
  /** PEM certificates of the roots trusted now; two or more while the root is rotated. */
  readonly roots: string;
  /** The first is used where no assignment fits. Empty: the host has no identity (yet, or it has expired). */
  readonly identities: readonly WorkloadIdentity[];
  readonly assignments: readonly IdentityAssignment[];
}
