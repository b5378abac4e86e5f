/**
 * X.509 certificates and requests, through the library for them. This file is loaded when a certificate authority is first
 * used: the library takes 20 MB of memory and 0.2 s, which an idle process does not pay.
 */
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { err, ok, type Result } from '../../core/result.ts';

export type KeyUsageName = keyof typeof KeyUsageFlags;

/** OIDs of the extended key usages that SVIDs carry. */
const EXTENDED_USAGES = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;
export type ExtendedUsageName = keyof typeof EXTENDED_USAGES;

export interface CertificateFacts {
  /** A distinguished name, such as `CN=Towpath root,O=Towpath`. */
  readonly subject: string;
  /** Likewise, or the issuer's certificate, whose name is taken byte by byte. */
  readonly issuer: string | { readonly certificate: string };
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: CryptoKey;
  /** Of the issuer; for the authority key identifier. Null leaves it out. */
  readonly issuerPublicKey: CryptoKey | null;
  readonly signingKey: CryptoKey;
  readonly ca: boolean;
  /** How many authorities may stand below this one; null says nothing. */
  readonly pathLength: number | null;
  /** Null leaves the extension out. */
  readonly keyUsage: readonly KeyUsageName[] | null;
  readonly keyUsageCritical: boolean;
  readonly extendedKeyUsage: readonly ExtendedUsageName[] | null;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips?: readonly string[] | undefined;
}

/** Signs one certificate (RFC 5280, ECDSA with SHA-256 for elliptic keys); returns it as PEM. Rejects when the keys do not fit. */
export async function signCertificate(facts: CertificateFacts): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: positiveSerial(randomBytes(16)),
    subject: facts.subject,
    issuer: typeof facts.issuer === 'string' ? facts.issuer : new X509Certificate(facts.issuer.certificate).subjectName,
    notBefore: new Date(facts.notBeforeMs),
    notAfter: new Date(facts.notAfterMs),
    publicKey: facts.publicKey,
    signingKey: facts.signingKey,
    signingAlgorithm: { name: facts.signingKey.algorithm.name, hash: 'SHA-256' },
    extensions: await extensionsOf(facts),
  });
  return `${certificate.toString('pem')}\n`;
}

async function extensionsOf(facts: CertificateFacts): Promise<Extension[]> {
  const names = [
    ...facts.uris.map((value) => ({ type: 'url' as const, value })),
    ...facts.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...(facts.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const extensions: Extension[] = [
    new BasicConstraintsExtension(facts.ca, facts.pathLength ?? undefined, true),
    await SubjectKeyIdentifierExtension.create(facts.publicKey),
  ];
  if (facts.issuerPublicKey !== null) {
    extensions.push(await AuthorityKeyIdentifierExtension.create(facts.issuerPublicKey));
  }
  if (facts.keyUsage !== null) {
    const flags = facts.keyUsage.reduce((sum, name) => sum | KeyUsageFlags[name], 0);
    extensions.push(new KeyUsagesExtension(flags, facts.keyUsageCritical));
  }
  if (facts.extendedKeyUsage !== null) {
    const oids = facts.extendedKeyUsage.map((name) => EXTENDED_USAGES[name]);
    extensions.push(new ExtendedKeyUsageExtension(oids, false));
  }
  // RFC 5280 4.2.1.6: critical where the subject is empty, as it is in an SVID.
  if (names.length > 0) extensions.push(new SubjectAlternativeNameExtension(names, facts.subject === ''));
  return extensions;
}

/** A serial number is positive and not zero (RFC 5280 4.1.2.2). */
function positiveSerial(bytes: Buffer): string {
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

export interface CertificateRequest {
  readonly publicKey: CryptoKey;
  /** URIs among the alternative names that it asks for; others are not looked at. */
  readonly uris: readonly string[];
}

/** Requests longer than this are not looked at (characters of PEM). One for a P-256 key takes about 500. */
const MAX_REQUEST_LENGTH = 8192;

/** Reads a PKCS #10 request (RFC 2986) for a P-256 key and proves by its signature that the sender holds the key. */
export async function readCertificateRequest(pem: string): Promise<Result<CertificateRequest, string>> {
  if (pem.length > MAX_REQUEST_LENGTH) return err(`the request is longer than ${MAX_REQUEST_LENGTH} characters`);
  try {
    const request = new Pkcs10CertificateRequest(pem);
    if (!(await request.verify())) return err('the signature of the request is not that of its key');
    const publicKey = await request.publicKey.export();
    if (!isP256(publicKey)) return err('the key of the request is not an ECDSA key on the curve P-256');
    const names = request.extensions.flatMap((one) =>
      one instanceof SubjectAlternativeNameExtension ? one.names.items : [],
    );
    return ok({ publicKey, uris: names.filter(({ type }) => type === 'url').map(({ value }) => value) });
  } catch {
    return err('the request is not a certificate request in PEM (PKCS #10)');
  }
}

function isP256({ algorithm }: CryptoKey): boolean {
  return algorithm.name === 'ECDSA' && 'namedCurve' in algorithm && algorithm.namedCurve === 'P-256';
}
