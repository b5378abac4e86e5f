/** The authorities that the system trusts, for BackendTLSPolicy `wellKnownCACertificates: System`. */
import { readFileSync } from 'node:fs';

/** Debian and Ubuntu, Fedora and RHEL, Alpine. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
] as const;

export const NO_SYSTEM_BUNDLE = `no certificates of the system in ${SYSTEM_BUNDLES.join(', ')}`;

/** PEM; null when there is none where systems keep them. */
export function readSystemBundle(paths: readonly string[] = SYSTEM_BUNDLES): Buffer | null {
  for (const path of paths) {
    try {
      return readFileSync(path);
    } catch {
      // The next system has it elsewhere.
    }
  }
  return null;
}
