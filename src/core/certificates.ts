/** What is asked of certificates in more than one place. Pure. */
import type { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text (RFC 7468), each as it stands there; what is between them is left out. */
export function pemBlocks(text: string): string[] {
  return text.match(BLOCK) ?? [];
}

/** By names and by signature; times are not looked at. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
