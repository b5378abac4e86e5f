/** The certificate of the TLS upstream: a new authority and a leaf for each run, made by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name that the certificate is for, and that every subject verifies. */
export const TLS_HOST = 'upstream.bench.test';

export interface Certificate {
  readonly authorityFile: string;
  /** PEM text of the authority. */
  readonly authority: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** @throws Error when openssl fails */
export function makeCertificate(folder: string): Certificate {
  const file = (name: string): string => join(folder, name);
  const openssl = (...words: string[]): void => {
    execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const extensions = file('leaf.ext');
  writeFileSync(extensions, `subjectAltName=DNS:${TLS_HOST}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n`);
  const authority = ['-x509', '-days', '2', '-subj', '/CN=bench authority', '-keyout', file('ca.key')];
  openssl('req', ...CURVE, ...authority, '-addext', 'keyUsage=critical,keyCertSign', '-out', file('ca.crt'));
  openssl('req', ...CURVE, '-subj', `/CN=${TLS_HOST}`, '-keyout', file('leaf.key'), '-out', file('leaf.csr'));
  const signed = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2'];
  openssl('x509', '-req', '-in', file('leaf.csr'), ...signed, '-extfile', extensions, '-out', file('leaf.crt'));
  return {
    authorityFile: file('ca.crt'),
    authority: readFileSync(file('ca.crt'), 'utf8'),
    certificateFile: file('leaf.crt'),
    keyFile: file('leaf.key'),
  };
}
