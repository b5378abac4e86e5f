/** Signing: a root of our own, and SVIDs under whatever authority is in use. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { fingerprintOf } from './certificate.ts';

/** An authority with its key in memory. */
export interface Issuer {
  /** Fingerprint of the root above it (itself, when it is one). */
  readonly root: string;
  /** PEM of its certificate. */
  readonly certificate: string;
  /** PEM of what a leaf is sent with: the authority and those above it, without the root. Empty for a root. */
  readonly above: string;
  readonly key: KeyObject;
}

const ROOT_LIFETIME_MS = 10 * 365 * 24 * 60 * 60 * 1000;
/** Clocks of hosts may be behind by so much. */
const MAX_EARLY_MS = 60_000;

/** A new self-signed root for the trust domain, good for ten years. */
export async function makeRootIssuer(trustDomain: string, nowMs: number): Promise<Issuer> {
  const { signCertificate } = await import('./x509.ts');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = `CN=Towpath root ${randomBytes(4).toString('hex')},O=${trustDomain}`;
  const certificate = await signCertificate({
    subject: name,
    issuer: name,
    notBeforeMs: nowMs - MAX_EARLY_MS,
    notAfterMs: nowMs + ROOT_LIFETIME_MS,
    publicKey: verifying(publicKey),
    issuerPublicKey: null,
    signingKey: signing(privateKey),
    ca: true,
    pathLength: null,
    keyUsage: ['keyCertSign', 'cRLSign'],
    keyUsageCritical: true,
    extendedKeyUsage: null,
    uris: [`spiffe://${trustDomain}`],
    dnsNames: [],
  });
  return { root: fingerprintOf(certificate), certificate, above: '', key: privateKey };
}

export interface SvidFacts {
  readonly spiffeId: string;
  readonly publicKey: CryptoKey;
  readonly lifetimeMs: number;
  readonly nowMs: number;
}

/** Signs an X.509-SVID (SPIFFE X.509-SVID 4 and 5); returns the leaf and what is sent with it, as PEM. */
export async function issueSvid(issuer: Issuer, facts: SvidFacts): Promise<string> {
  const { signCertificate } = await import('./x509.ts');
  const { lifetimeMs, nowMs } = facts;
  const leaf = await signCertificate({
    subject: '',
    issuer: { certificate: issuer.certificate },
    notBeforeMs: nowMs - Math.min(MAX_EARLY_MS, lifetimeMs / 10),
    notAfterMs: nowMs + lifetimeMs,
    publicKey: facts.publicKey,
    issuerPublicKey: verifying(createPublicKey(issuer.key)),
    signingKey: signing(issuer.key),
    ca: false,
    pathLength: null,
    keyUsage: ['digitalSignature'],
    keyUsageCritical: true,
    extendedKeyUsage: ['serverAuth', 'clientAuth'],
    uris: [facts.spiffeId],
    dnsNames: [],
  });
  return leaf + issuer.above;
}

/** Throws when the text is no private key, or not one that authorities of ours may have: ECDSA (P-256, P-384) or RSA. */
export function readSigningKey(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  signing(key);
  return key;
}

function signing(key: KeyObject): CryptoKey {
  return key.toCryptoKey(algorithmOf(key), false, ['sign']);
}

function verifying(key: KeyObject): CryptoKey {
  return key.toCryptoKey(algorithmOf(key), true, ['verify']);
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384' };

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Parameters<KeyObject['toCryptoKey']>[0] {
  if (asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const namedCurve = CURVES[asymmetricKeyDetails?.namedCurve ?? ''];
  if (namedCurve === undefined) throw new Error('the key must be an ECDSA key on P-256 or P-384, or an RSA key');
  return { name: 'ECDSA', namedCurve };
}
