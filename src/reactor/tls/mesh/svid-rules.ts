/** What makes a certificate a SPIFFE identity (SPIFFE X.509-SVID 2 to 5). Pure: the fields of a certificate in, a judgement out. */
import { parseSpiffeId, principalOf, type SpiffeIdProblem } from './spiffe-id.ts';

/** Bits as OpenSSL gives them (openssl/x509v3.h). */
const KU_DIGITAL_SIGNATURE = 0x80;
const KU_KEY_CERT_SIGN = 0x04;
const KU_CRL_SIGN = 0x02;
const XKU_BOTH_ENDS = 0x3;

export interface SvidFields {
  /** URIs among the subject alternative names, as they are. */
  readonly uris: readonly string[];
  /** An extension could not be read, or is there twice. */
  readonly malformed: boolean;
  readonly isCa: boolean;
  /** KU_* of OpenSSL; null = the extension is absent. */
  readonly keyUsage: number | null;
  readonly keyUsageCritical: boolean;
  /** XKU_* of OpenSSL; null = the extension is absent. */
  readonly extendedKeyUsage: number | null;
}

export interface SvidRule {
  readonly trustDomain: string;
  /** SPIFFE ids, one of which it must be; null = any of the trust domain. */
  readonly expectedIds: readonly string[] | null;
}

/** Against which rule a leaf is. */
export type SvidReason =
  | 'svid-malformed'
  | 'svid-is-ca'
  | 'svid-key-usage-missing'
  | 'svid-key-usage-not-critical'
  | 'svid-digital-signature-missing'
  | 'svid-cert-sign'
  | 'svid-crl-sign'
  | 'svid-extended-key-usage'
  | 'svid-uri-missing'
  | 'svid-uri-several'
  | 'svid-scheme'
  | 'svid-id-malformed'
  | 'svid-root-path'
  | 'svid-trust-domain'
  | 'svid-unexpected-id';

/** Against which rule an authority between a leaf and its root is. */
export type IssuerReason =
  | 'issuer-malformed'
  | 'issuer-not-ca'
  | 'issuer-key-usage'
  | 'issuer-trust-domain'
  | 'issuer-path';

export type SvidJudgement =
  | { readonly ok: true; readonly spiffeId: string; readonly principal: string }
  | { readonly ok: false; readonly reason: SvidReason };

/** Judges a leaf whose chain is already proven. */
export function judgeSvid(fields: SvidFields, rule: SvidRule): SvidJudgement {
  const reason = judgeUse(fields) ?? judgeName(fields.uris, rule);
  if (reason !== null) return { ok: false, reason };
  const spiffeId = fields.uris[0];
  return { ok: true, spiffeId, principal: principalOf(spiffeId) };
}

/** Judges a certificate between a leaf and its root. null = nothing is wrong. */
export function judgeIssuer(fields: SvidFields, trustDomain: string): IssuerReason | null {
  if (fields.malformed) return 'issuer-malformed';
  if (!fields.isCa) return 'issuer-not-ca';
  if (((fields.keyUsage ?? 0) & KU_KEY_CERT_SIGN) === 0) return 'issuer-key-usage';
  for (const uri of fields.uris) {
    // Names of other schemes are the business of whoever put them there.
    if (!/^spiffe:/i.test(uri)) continue;
    const parsed = parseSpiffeId(uri);
    if (!parsed.ok) return parsed.error === 'path' ? 'issuer-path' : 'issuer-trust-domain';
    if (parsed.value.trustDomain !== trustDomain) return 'issuer-trust-domain';
    if (parsed.value.path !== '') return 'issuer-path';
  }
  return null;
}

/** X.509-SVID 4.1, 4.3, 4.4. */
function judgeUse({ malformed, isCa, keyUsage, keyUsageCritical, extendedKeyUsage }: SvidFields): SvidReason | null {
  if (malformed) return 'svid-malformed';
  if (isCa) return 'svid-is-ca';
  if (keyUsage === null) return 'svid-key-usage-missing';
  if (!keyUsageCritical) return 'svid-key-usage-not-critical';
  if (keyUsage & KU_KEY_CERT_SIGN) return 'svid-cert-sign';
  if (keyUsage & KU_CRL_SIGN) return 'svid-crl-sign';
  if ((keyUsage & KU_DIGITAL_SIGNATURE) === 0) return 'svid-digital-signature-missing';
  if (extendedKeyUsage !== null && (extendedKeyUsage & XKU_BOTH_ENDS) !== XKU_BOTH_ENDS) {
    return 'svid-extended-key-usage';
  }
  return null;
}

/** X.509-SVID 2, 3.1, 5.2, and secure naming. */
function judgeName(uris: readonly string[], { trustDomain, expectedIds }: SvidRule): SvidReason | null {
  if (uris.length !== 1) return uris.length === 0 ? 'svid-uri-missing' : 'svid-uri-several';
  const parsed = parseSpiffeId(uris[0]);
  if (!parsed.ok) return reasonOf(parsed.error, uris[0]);
  const { value } = parsed;
  if (value.path === '') return 'svid-root-path';
  if (value.trustDomain !== trustDomain) return 'svid-trust-domain';
  return expectedIds === null || expectedIds.includes(uris[0]) ? null : 'svid-unexpected-id';
}

function reasonOf(problem: SpiffeIdProblem, uri: string): SvidReason {
  if (problem === 'scheme') return 'svid-scheme';
  return problem === 'path' && /^spiffe:\/\/[^/]*\/$/.test(uri) ? 'svid-root-path' : 'svid-id-malformed';
}
