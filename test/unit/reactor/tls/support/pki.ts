/** Authorities and certificates for tests, made by the openssl command once for each test file. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Issued {
  /** PEM files. */
  readonly certificateFile: string;
  readonly keyFile: string;
  /** PEM text. */
  readonly certificate: Buffer;
  readonly key: Buffer;
}

export interface LeafSpec {
  readonly subject?: string;
  /** As in openssl's subjectAltName, such as `DNS:a.example,URI:spiffe://x`; '' = none. */
  readonly names: string;
  /** Lines of the section `alt`, for names of '@alt'. */
  readonly alt?: string;
  /** YYYYMMDDHHMMSSZ */
  readonly notBefore?: string;
  readonly notAfter?: string;
}

/** Files live until the process ends. */
export class Pki {
  readonly folder: string;
  readonly ca: Issued;
  #count = 0;

  constructor(name = 'Test authority') {
    this.folder = mkdtempSync(join(tmpdir(), 'tls-test-'));
    process.once('exit', () => rmSync(this.folder, { recursive: true, force: true }));
    this.ca = this.selfSigned(name, '', true);
  }

  selfSigned(subject: string, names: string, isCa = false): Issued {
    const { keyFile, certificateFile } = this.#files();
    const extensions = [`basicConstraints=critical,CA:${isCa ? 'TRUE' : 'FALSE'}`];
    if (names !== '') extensions.push(`subjectAltName=${names}`);
    this.#openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', keyFile);
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    this.#openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      keyFile,
      '-days',
      '30',
      '-subj',
      `/CN=${subject}`,
      '-out',
      certificateFile,
      ...added,
    );
    return read(certificateFile, keyFile);
  }

  /** A certificate of this authority, or of an intermediate one below it. */
  issue(
    { subject = 'leaf', names, alt = '', notBefore, notAfter }: LeafSpec,
    issuer: Issued = this.ca,
    isCa = false,
  ): Issued {
    const { keyFile, certificateFile, requestFile, extensionFile } = this.#files();
    const index = join(this.folder, `index-${this.#count}`);
    writeFileSync(index, '');
    this.#openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', keyFile);
    this.#openssl('req', '-new', '-key', keyFile, '-subj', `/CN=${subject}`, '-out', requestFile);
    writeFileSync(
      extensionFile,
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${index}\nnew_certs_dir=${this.folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\nx509_extensions=x\nunique_subject=no\n[p]\ncommonName=supplied\n[x]\nbasicConstraints=CA:${isCa ? 'TRUE' : 'FALSE'}\n${names === '' ? '' : `subjectAltName=${names}\n`}[alt]\n${alt}\n`,
    );
    const dates = ['-startdate', notBefore ?? '20200101000000Z', '-enddate', notAfter ?? '20490101000000Z'];
    this.#openssl(
      'ca',
      '-batch',
      '-notext',
      '-config',
      extensionFile,
      '-in',
      requestFile,
      '-out',
      certificateFile,
      '-cert',
      issuer.certificateFile,
      '-keyfile',
      issuer.keyFile,
      ...dates,
    );
    return read(certificateFile, keyFile);
  }

  #files() {
    const base = join(this.folder, String(++this.#count));
    return {
      keyFile: `${base}.key`,
      certificateFile: `${base}.crt`,
      requestFile: `${base}.csr`,
      extensionFile: `${base}.cnf`,
    };
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

function read(certificateFile: string, keyFile: string): Issued {
  return { certificateFile, keyFile, certificate: readFileSync(certificateFile), key: readFileSync(keyFile) };
}
