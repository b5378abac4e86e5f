/** Settings of the certificate authority. */
import { DEFAULT_MESH } from '../../contract/subjects.ts';

export interface CertificateSettings {
  readonly trustDomain: string;
  /** Of the certificates that hosts get. */
  readonly lifetimeMs: number;
  readonly source: CertificateSource;
  /** `required`: only hosts that joined by a token get certificates, and only those that it allows. `open`: hosts without one get what they ask for. */
  readonly grants: 'open' | 'required';
}

export type CertificateSource =
  /** A root of our own, made at the first start; its key lies in this directory and nowhere else. */
  | { readonly type: 'own'; readonly directory: string }
  /** An authority of the operator: its certificate (with intermediates), its key, and the roots that hosts trust. */
  | { readonly type: 'files'; readonly certificate: string; readonly key: string; readonly roots: string };

export const DEFAULT_CA_DIRECTORY = '/var/lib/towpath-control/ca';
export const DEFAULT_LIFETIME_MS = 24 * 60 * 60 * 1000;
export const LIFETIME_LIMITS_MS = { min: 10_000, max: 90 * 24 * 60 * 60 * 1000 } as const;

/** `towpath.internal`, or `<mesh>.towpath.internal`: two meshes do not trust each other unless somebody wants it. */
export function defaultTrustDomain(mesh: string): string {
  return mesh === DEFAULT_MESH ? 'towpath.internal' : `${mesh}.towpath.internal`;
}

/** What happens to the roots, as the audit trail names it. */
export type RootAction = 'create-root' | 'restore-root' | 'change-roots' | 'rotate-root' | 'reissue' | 'drop-root';
