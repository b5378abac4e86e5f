/** Certificates in PEM: splitting, fingerprints, and whether one hangs below another. Pure. */
import { X509Certificate } from 'node:crypto';
import { isIssuedBy, pemBlocks } from '../../core/certificates.ts';

/** The certificates of a PEM text, each ending in a line feed. Throws when one cannot be read. */
export function splitPem(text: string): string[] {
  return pemBlocks(text).map((block) => new X509Certificate(block).toString());
}

/** SHA-256 of the certificate's DER in hex. */
export function fingerprintOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
}

/**
 * Follows the issuers from the first certificate of a chain to one of the roots, by names and signatures; times are not looked at.
 * Returns the root's fingerprint; null when the chain ends elsewhere.
 */
export function rootOfChain(chain: readonly string[], roots: readonly string[]): string | null {
  const trusted = roots.map((pem) => new X509Certificate(pem));
  let current: X509Certificate | undefined;
  let left = chain.map((pem) => new X509Certificate(pem));
  for ([current] = left; current !== undefined; ) {
    const at: X509Certificate = current;
    const root = trusted.find((one) => one.fingerprint256 === at.fingerprint256 || isIssuedBy(at, one));
    if (root !== undefined) return fingerprintOf(root.toString());
    left = left.filter((one) => one !== at);
    current = left.find((one) => isIssuedBy(at, one));
  }
  return null;
}
