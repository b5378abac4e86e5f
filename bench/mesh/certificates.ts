/** What the peers show each other: an authority and one leaf for both ends, with the same key type as the certificates of Towpath's mesh. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Name that the leaf is for, beside its SPIFFE ID; every peer verifies it. */
export const PEER_NAME = 'peer.bench.test';
const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const NAMES = `subjectAltName=DNS:${PEER_NAME},URI:spiffe://bench.test/ns/bench/sa/peer`;
const USAGES =
  'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=critical,CA:FALSE';

/** PEM texts. */
export interface PeerCertificates {
  readonly authority: string;
  readonly leaf: string;
  readonly key: string;
}

/** @throws Error when openssl fails */
export function makePeerCertificates(): PeerCertificates {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-bench-mesh-'));
  const file = (name: string): string => join(folder, name);
  const openssl = (...words: string[]): void => {
    execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  try {
    writeFileSync(file('leaf.ext'), `${NAMES}\n${USAGES}\n`);
    const authority = ['-x509', '-days', '2', '-subj', '/CN=bench mesh', '-keyout', file('ca.key')];
    openssl('req', ...CURVE, ...authority, '-addext', 'keyUsage=critical,keyCertSign', '-out', file('ca.crt'));
    openssl('req', ...CURVE, '-subj', `/CN=${PEER_NAME}`, '-keyout', file('leaf.key'), '-out', file('leaf.csr'));
    const signed = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', file('leaf.csr'), ...signed, '-extfile', file('leaf.ext'), '-out', file('leaf.crt'));
    const read = (name: string): string => readFileSync(file(name), 'utf8');
    return { authority: read('ca.crt'), leaf: read('leaf.crt'), key: read('leaf.key') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
