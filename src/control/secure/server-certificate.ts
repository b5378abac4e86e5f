/** A small CA for the nats-server of a mesh, and the server's certificate. Its root goes into every join token, so hosts trust nothing else. */
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { signCertificate } from '../ca/x509.ts';

export interface ServerCertificate {
  /** PEM. */
  readonly ca: string;
  /** Empty: not ours. */
  readonly caKey: string;
  readonly certificate: string;
  readonly key: string;
}

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const LIFE_MS = 10 * 365 * DAY_MS;
/** Clocks of hosts that join may be behind. */
const BACKDATE_MS = DAY_MS;

/** @param names DNS names and addresses under which clients dial the server */
export async function makeServerCertificate(
  mesh: string,
  names: readonly string[],
  nowMs: number,
): Promise<ServerCertificate> {
  const { subtle } = webcrypto;
  const ca = await subtle.generateKey(KEY, true, ['sign', 'verify']);
  const server = await subtle.generateKey(KEY, true, ['sign', 'verify']);
  const issuer = `CN=Towpath NATS CA of ${mesh}`;
  const validity = { notBeforeMs: nowMs - BACKDATE_MS, notAfterMs: nowMs + LIFE_MS };
  const common = {
    issuer,
    ...validity,
    issuerPublicKey: ca.publicKey,
    signingKey: ca.privateKey,
    keyUsageCritical: true,
    uris: [],
  };
  const root = { ...common, subject: issuer, publicKey: ca.publicKey };
  const leaf = { ...common, subject: 'CN=towpath-nats', publicKey: server.publicKey };
  return {
    ca: await signCertificate({ ...root, ...ROOT }),
    caKey: await exportKey(ca.privateKey),
    certificate: await signCertificate({ ...leaf, ...LEAF, ...alternativeNames(names) }),
    key: await exportKey(server.privateKey),
  };
}

const ROOT = {
  ca: true,
  pathLength: 0,
  keyUsage: ['keyCertSign', 'cRLSign'],
  extendedKeyUsage: null,
  dnsNames: [],
} as const;
const LEAF = { ca: false, pathLength: null, keyUsage: ['digitalSignature'], extendedKeyUsage: ['serverAuth'] } as const;

function alternativeNames(names: readonly string[]) {
  return { dnsNames: names.filter((name) => isIP(name) === 0), ips: names.filter((name) => isIP(name) !== 0) };
}

async function exportKey(key: CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
