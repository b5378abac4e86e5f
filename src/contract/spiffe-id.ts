/** Identities of workloads: `spiffe://<trust-domain>/ns/<namespace>/sa/<account>`, as Istio forms them (SPIFFE-ID 2). Pure. */

export interface SpiffeId {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly account: string;
}

/** Of workloads that name no account. */
export const DEFAULT_ACCOUNT = 'default';
const SCHEME = 'spiffe://';
const PATTERN = /^spiffe:\/\/([a-z0-9._-]{1,255})\/ns\/([a-z0-9-]{1,63})\/sa\/([a-z0-9.-]{1,253})$/;

/** null: no identity of this form. */
export function parseSpiffeId(text: string): SpiffeId | null {
  const [, trustDomain, namespace, account] = PATTERN.exec(text) ?? [];
  if (trustDomain === undefined || namespace === undefined || account === undefined) return null;
  return { trustDomain, namespace, account };
}

export function formatSpiffeId({ trustDomain, namespace, account }: SpiffeId): string {
  return `${SCHEME}${trustDomain}/ns/${namespace}/sa/${account}`;
}

/** As policies, logs and metrics name it: without the scheme (Istio's `source.principal`). */
export function principalOf(spiffeId: string): string {
  return spiffeId.startsWith(SCHEME) ? spiffeId.slice(SCHEME.length) : spiffeId;
}
