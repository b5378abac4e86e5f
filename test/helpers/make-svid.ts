/**
 * Certificates for tests: roots, intermediates and SVIDs with any defect. Real P-256 keys, PEM; no files, no programs.
 *
 *     const root = await makeRoot();
 *     const good = await makeSvid(root, 'spiffe://example.org/ns/shop/sa/web');
 *     const bad = await makeSvid(root, 'spiffe://example.org/ns/shop/sa/web', SVID_DEFECTS.expired);
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { IdentitySet, WorkloadIdentity } from '../../src/contract/identity.ts';
import { type CertificateFacts, signCertificate } from '../../src/control/ca/x509.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Certificates begin this much earlier than now, so that clocks may differ a little. */
const EARLY_MS = 60_000;

export interface TestAuthority {
  readonly trustDomain: string;
  /** PEM of this authority's certificate. */
  readonly certificate: string;
  /** PEM of what a leaf must send along: this one and those above it, without the root. Empty for a root. */
  readonly intermediates: string;
  /** PEM of the root above it. */
  readonly root: string;
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What a certificate says differently from a good one. `keyType` other than P-256 is for keys that nobody should use. */
export type Changes = Partial<
  Pick<
    CertificateFacts,
    | 'subject'
    | 'issuer'
    | 'notBeforeMs'
    | 'notAfterMs'
    | 'ca'
    | 'pathLength'
    | 'keyUsage'
    | 'keyUsageCritical'
    | 'extendedKeyUsage'
    | 'uris'
    | 'dnsNames'
  >
> & { readonly keyType?: 'P-256' | 'P-384' | 'RSA-2048' };

export interface TestSvid extends WorkloadIdentity {
  /** PEM of the leaf alone. */
  readonly certificate: string;
}

/** A self-signed root. Two of the same name and trust domain are two roots with two keys, as in a rotation. */
export async function makeRoot(trustDomain = 'example.org', changes: Changes = {}): Promise<TestAuthority> {
  const keys = makeKeys(changes.keyType);
  const name = `CN=Test root ${trustDomain}`;
  const certificate = await sign({ ...authorityFacts(trustDomain, name), issuer: name, ...changes }, keys, keys);
  return { trustDomain, certificate, intermediates: '', root: certificate, name, ...keys };
}

/** An authority below another one. */
export async function makeIntermediate(above: TestAuthority, changes: Changes = {}): Promise<TestAuthority> {
  const keys = makeKeys(changes.keyType);
  const name = `CN=Test intermediate ${above.trustDomain}`;
  const facts = { ...authorityFacts(above.trustDomain, name), issuer: above.name, pathLength: 0, ...changes };
  const certificate = await sign(facts, keys, above);
  const { trustDomain, root } = above;
  return { trustDomain, certificate, intermediates: certificate + above.intermediates, root, name, ...keys };
}

/** An SVID (SPIFFE X.509-SVID), good for a day unless `changes` spoil it. */
export async function makeSvid(issuer: TestAuthority, spiffeId: string, changes: Changes = {}): Promise<TestSvid> {
  const keys = makeKeys(changes.keyType);
  const facts = { ...leafFacts(spiffeId), issuer: issuer.name, ...changes };
  const certificate = await sign(facts, keys, issuer);
  return {
    spiffeId,
    certificate,
    chain: certificate + issuer.intermediates,
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    notBeforeMs: facts.notBeforeMs,
    notAfterMs: facts.notAfterMs,
  };
}

/** What the agent's main thread would hand to the data threads. */
export function identitySetOf(roots: readonly TestAuthority[], identities: readonly WorkloadIdentity[]): IdentitySet {
  const trustDomain = roots[0]?.trustDomain ?? 'example.org';
  return { trustDomain, roots: roots.map(({ root }) => root).join(''), identities, assignments: [] };
}

const ID = 'spiffe://example.org/ns/shop/sa/web';

/**
 * Changes that make an SVID of trust domain example.org one that must be rejected (SPIFFE X.509-SVID 2 to 5, RFC 5280). A wrong issuer
 * is made with another `makeRoot()`, a wrong trust domain also with `makeRoot('other.example')`.
 */
export const SVID_DEFECTS = {
  expired: { notBeforeMs: Date.now() - 2 * DAY_MS, notAfterMs: Date.now() - DAY_MS },
  notYetValid: { notBeforeMs: Date.now() + DAY_MS, notAfterMs: Date.now() + 2 * DAY_MS },
  /** OpenSSL's X509_check_ca() says no to it, because keyCertSign is missing: the flag itself must be read. */
  caBit: { ca: true },
  caCertificate: { ca: true, keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'] },
  keyCertSign: { keyUsage: ['digitalSignature', 'keyCertSign'] },
  cRLSign: { keyUsage: ['digitalSignature', 'cRLSign'] },
  noDigitalSignature: { keyUsage: ['keyAgreement'] },
  noKeyUsage: { keyUsage: null },
  keyUsageNotCritical: { keyUsageCritical: false },
  serverAuthOnly: { extendedKeyUsage: ['serverAuth'] },
  clientAuthOnly: { extendedKeyUsage: ['clientAuth'] },
  noUri: { uris: [] },
  dnsNameOnly: { uris: [], dnsNames: ['web.example.org'] },
  twoUris: { uris: [ID, 'spiffe://example.org/ns/shop/sa/admin'] },
  twoUrisOneForeign: { uris: [ID, 'https://example.org/'] },
  notSpiffe: { uris: ['https://example.org/ns/shop/sa/web'] },
  wrongTrustDomain: { uris: ['spiffe://other.example/ns/shop/sa/web'] },
  noPath: { uris: ['spiffe://example.org'] },
  rootPath: { uris: ['spiffe://example.org/'] },
  trailingSlash: { uris: [`${ID}/`] },
  emptySegment: { uris: ['spiffe://example.org/ns//sa/web'] },
  dotSegments: { uris: ['spiffe://example.org/ns/shop/sa/../sa/web'] },
  extraPath: { uris: [`${ID}/extra`] },
  query: { uris: [`${ID}?a=b`] },
  fragment: { uris: [`${ID}#a`] },
  port: { uris: ['spiffe://example.org:8443/ns/shop/sa/web'] },
  userInfo: { uris: ['spiffe://user@example.org/ns/shop/sa/web'] },
  percentEncoded: { uris: ['spiffe://example.org/ns/shop/sa/%77eb'] },
  upperCaseDomain: { uris: ['spiffe://EXAMPLE.org/ns/shop/sa/web'] },
  emptyDomain: { uris: ['spiffe:///ns/shop/sa/web'] },
  tooLong: { uris: [`spiffe://example.org/ns/shop/sa/${'a'.repeat(2048)}`] },
} as const satisfies Record<string, Changes>;

type Stated = Omit<CertificateFacts, 'publicKey' | 'issuerPublicKey' | 'signingKey'>;
type Keys = Pick<TestAuthority, 'publicKey' | 'privateKey'>;

function authorityFacts(trustDomain: string, name: string): Omit<Stated, 'issuer'> {
  const facts = leafFacts(`spiffe://${trustDomain}`);
  return { ...facts, subject: name, ca: true, keyUsage: ['keyCertSign', 'cRLSign'], extendedKeyUsage: null };
}

function leafFacts(spiffeId: string): Omit<Stated, 'issuer'> {
  return {
    subject: '',
    notBeforeMs: Date.now() - EARLY_MS,
    notAfterMs: Date.now() + DAY_MS,
    ca: false,
    pathLength: null,
    keyUsage: ['digitalSignature'],
    keyUsageCritical: true,
    extendedKeyUsage: ['serverAuth', 'clientAuth'],
    uris: [spiffeId],
    dnsNames: [],
  };
}

async function sign(facts: Stated, subject: Keys, issuer: Keys): Promise<string> {
  return signCertificate({
    ...facts,
    publicKey: cryptoKey(subject.publicKey, ['verify']),
    issuerPublicKey: cryptoKey(issuer.publicKey, ['verify']),
    signingKey: cryptoKey(issuer.privateKey, ['sign']),
  });
}

function cryptoKey(key: KeyObject, usages: ('sign' | 'verify')[]): CryptoKey {
  if (key.asymmetricKeyType === 'rsa') {
    return key.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, usages);
  }
  const namedCurve = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'P-384' : 'P-256';
  return key.toCryptoKey({ name: 'ECDSA', namedCurve }, true, usages);
}

function makeKeys(type: Changes['keyType'] = 'P-256'): Keys {
  if (type === 'RSA-2048') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: type });
}
