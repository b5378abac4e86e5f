/** Plain words for certificates that are no identity in the mesh. Pure. */
import { quote } from '../tls-words.ts';
import type { IssuerReason, SvidFields, SvidReason, SvidRule } from './svid-rules.ts';

/**
 * Why a leaf is refused, in one clause.
 * @param subject its distinguished name, '' = none
 */
export function describeSvid(reason: SvidReason, subject: string, fields: SvidFields, rule: SvidRule): string {
  return `the certificate of ${nameOf(subject, fields.uris)} ${complaint(reason, fields, rule)}`;
}

function complaint(reason: SvidReason, { uris }: SvidFields, { trustDomain, expectedIds }: SvidRule): string {
  switch (reason) {
    case 'svid-malformed':
      return 'has an extension that cannot be read, or is there twice';
    case 'svid-is-ca':
      return 'is that of an authority (CA), which must not speak for a workload';
    case 'svid-key-usage-missing':
      return 'does not say what its key is for (key usage)';
    case 'svid-key-usage-not-critical':
      return 'has a key usage that is not marked as critical';
    case 'svid-digital-signature-missing':
      return 'is not for signatures (key usage digitalSignature)';
    case 'svid-cert-sign':
      return 'may sign certificates (key usage keyCertSign), which no workload may';
    case 'svid-crl-sign':
      return 'may sign revocation lists (key usage cRLSign), which no workload may';
    case 'svid-extended-key-usage':
      return 'is not for both servers and clients (extended key usage)';
    case 'svid-uri-missing':
      return 'has no URI name, so it is no SPIFFE identity';
    case 'svid-uri-several':
      return `has ${uris.length} URI names; a SPIFFE identity has exactly one`;
    case 'svid-scheme':
      return 'has a URI name that does not begin with spiffe://';
    case 'svid-id-malformed':
      return 'has a SPIFFE ID that is not well formed';
    case 'svid-root-path':
      return 'names a trust domain, not a workload in it';
    case 'svid-trust-domain':
      return `is not of the trust domain ${trustDomain}`;
    case 'svid-unexpected-id':
      return `is not for ${(expectedIds ?? []).join(' or ') || 'anybody who is expected there'}`;
  }
}

/** Why an authority between a leaf and its root is refused, in one clause. */
export function describeIssuer(reason: IssuerReason, subject: string, fields: SvidFields, trustDomain: string): string {
  return `the authority ${nameOf(subject, fields.uris)} ${issuerComplaint(reason, trustDomain)}`;
}

function issuerComplaint(reason: IssuerReason, trustDomain: string): string {
  switch (reason) {
    case 'issuer-malformed':
      return 'has an extension that cannot be read, or is there twice';
    case 'issuer-not-ca':
      return 'is no authority (CA)';
    case 'issuer-key-usage':
      return 'may not sign certificates (key usage keyCertSign)';
    case 'issuer-trust-domain':
      return `is not of the trust domain ${trustDomain}`;
    case 'issuer-path':
      return 'has the SPIFFE ID of a workload';
  }
}

/** The SPIFFE ID says more than the distinguished name, which an SVID need not have. */
function nameOf(subject: string, uris: readonly string[]): string {
  if (uris.length > 0) return quote(uris.join(' and '));
  return subject === '' ? 'the peer' : quote(subject);
}
