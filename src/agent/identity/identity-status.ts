/** What the agent says of its identities: to people and to Prometheus. No key is in it. Pure. */
import { X509Certificate } from 'node:crypto';
import type { Trust } from '../../contract/certificate-messages.ts';
import { type Sample, sample } from '../../telemetry/metric.ts';
import type { HeldIdentity } from './identity-files.ts';
import type { WantedIdentity } from './wanted-identities.ts';

export interface IdentityLine {
  /** Null until the trust domain is known. */
  readonly spiffeId: string | null;
  readonly account: string;
  readonly state: 'valid' | 'missing' | 'expired';
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly renewAt: string | null;
}

export interface HeldStatus {
  readonly trustDomain: string | null;
  readonly trustVersion: number;
  readonly roots: readonly { readonly fingerprint: string; readonly notAfter: string }[];
  readonly identities: readonly IdentityLine[];
  /** Why the last try to get a certificate failed; null: it did not. */
  readonly problem: string | null;
}

export interface IdentityStatus extends HeldStatus {
  readonly renewals: number;
  readonly failures: number;
}

interface Pair {
  readonly wanted: WantedIdentity;
  readonly held: (HeldIdentity & { readonly renewAtMs: number }) | null;
}

export function describeHeld(
  trust: Trust | null,
  pairs: readonly Pair[],
  problem: string | null,
  nowMs: number,
): HeldStatus {
  return {
    trustDomain: trust?.trustDomain ?? null,
    trustVersion: trust?.version ?? 0,
    roots: (trust?.roots ?? []).map(({ fingerprint, certificate }) => ({
      fingerprint,
      notAfter: new Date(new X509Certificate(certificate).validTo).toISOString(),
    })),
    identities: pairs.map(({ wanted, held }) => ({
      spiffeId: held?.spiffeId ?? null,
      account: `${wanted.namespace}/${wanted.account}`,
      state: held === null ? 'missing' : held.notAfterMs > nowMs ? 'valid' : 'expired',
      notBefore: iso(held?.notBeforeMs),
      notAfter: iso(held?.notAfterMs),
      renewAt: iso(held?.renewAtMs),
    })),
    problem,
  };
}

/** For Prometheus: when certificates and roots end (Unix time in seconds), and how often they were renewed. */
export function identitySamples({ identities, roots, renewals, failures }: IdentityStatus): Sample[] {
  return [
    ...identities.flatMap(({ spiffeId, notAfter }) =>
      spiffeId === null || notAfter === null
        ? []
        : [sample('towpath_certificate_expiration_timestamp_seconds', seconds(notAfter), { spiffe_id: spiffeId })],
    ),
    ...roots.map(({ fingerprint, notAfter }) =>
      sample('towpath_root_expiration_timestamp_seconds', seconds(notAfter), { root: fingerprint.slice(0, 16) }),
    ),
    sample('towpath_certificate_renewals_total', renewals),
    sample('towpath_certificate_renewal_failures_total', failures),
  ];
}

function iso(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
