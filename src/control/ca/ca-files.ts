/** Keys and certificates of the authority on control's disk. Keys are written with mode 0600, and used only from files that nobody else can read. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TrustRecord, trustRecordSchema } from '../../contract/certificate-messages.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import { UserError } from '../../core/errors.ts';
import { fingerprintOf, rootOfChain, splitPem } from './certificate.ts';
import { type Issuer, readSigningKey } from './issuer.ts';
import type { CertificateSource } from './settings.ts';

const KEY_MODE = 0o600;
const TRUST_FILE = 'trust';

/** Throws UserError when the directory cannot be made or written. */
export async function prepareDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    await writeWhole(join(directory, '.probe'), '');
    await rm(join(directory, '.probe'));
  } catch (error) {
    throw new UserError({
      code: 'TWP2801',
      message: `the directory of the certificate authority ${directory} cannot be used: ${reasonOf(error)}`,
      hint: 'name another one with --ca-dir or TOWPATH_CA_DIRECTORY, or run without certificates: --ca off',
    });
  }
}

/** The record that was in force when this replica last saw it; null: there is none. */
export async function readTrustFile(directory: string): Promise<TrustRecord | null> {
  const text = await readFile(join(directory, TRUST_FILE)).catch(nullWhenMissing);
  if (text === null) return null;
  const record = decodeJson(text, trustRecordSchema, MAX_RECORD_BYTES * 4);
  return record.ok ? record.value : null;
}

export function writeTrustFile(directory: string, record: TrustRecord): Promise<void> {
  return writeWhole(join(directory, TRUST_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/** Writes the key of a root of our own, before anybody hears of the root. */
export function writeRootKey(directory: string, issuer: Issuer): Promise<void> {
  return writeWhole(keyFile(directory, issuer.root), issuer.key.export({ type: 'pkcs8', format: 'pem' }).toString());
}

export async function removeRootKey(directory: string, fingerprint: string): Promise<void> {
  await rm(keyFile(directory, fingerprint), { force: true });
}

/** A root of our own with its key; null when this disk does not have it. Throws UserError when the key cannot be used. */
export async function readRootIssuer(directory: string, certificate: string): Promise<Issuer | null> {
  const root = fingerprintOf(certificate);
  const file = keyFile(directory, root);
  if ((await stat(file).catch(nullWhenMissing)) === null) return null;
  const key = await readKeyFile(file, certificate);
  return { root, certificate, above: '', key };
}

export interface FileAuthority {
  readonly issuer: Issuer;
  readonly roots: TrustRecord['roots'];
}

/** The operator's authority. Throws UserError: a file that cannot be read, a key that does not fit, no way up to a root. */
export async function readFileAuthority(source: Extract<CertificateSource, { type: 'files' }>): Promise<FileAuthority> {
  const roots = await readCertificates(source.roots);
  const chain = await readCertificates(source.certificate);
  const [certificate = '', ...above] = chain;
  if (!new X509Certificate(certificate).ca)
    throw unusable(source.certificate, 'its first certificate is no CA certificate');
  const key = await readKeyFile(source.key, certificate);
  const root = rootOfChain(chain, roots);
  if (root === null) throw unusable(source.certificate, `no root of ${source.roots} stands above it`);
  const fingerprints = new Set(roots.map(fingerprintOf));
  const sent = [certificate, ...above].filter((pem) => !fingerprints.has(fingerprintOf(pem))).join('');
  return {
    issuer: { root, certificate, above: sent, key },
    roots: roots.map((pem) => ({ fingerprint: fingerprintOf(pem), certificate: pem })),
  };
}

async function readCertificates(file: string): Promise<string[]> {
  try {
    const found = splitPem(await readFile(file, 'utf8'));
    if (found.length > 0) return found;
  } catch (error) {
    throw unusable(file, reasonOf(error));
  }
  throw unusable(file, 'there is no certificate in it (PEM)');
}

async function readKeyFile(file: string, certificate: string): Promise<Issuer['key']> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw new Error(`others may read it; do: chmod 600 ${file}`);
    const key = readSigningKey(await readFile(file, 'utf8'));
    if (!createPublicKey(key).equals(new X509Certificate(certificate).publicKey)) {
      throw new Error('it is not the key of the certificate');
    }
    return key;
  } catch (error) {
    throw unusable(file, reasonOf(error));
  }
}

function unusable(file: string, reason: string): UserError {
  return new UserError({
    code: 'TWP2802',
    message: `the file ${file} cannot be used for the certificate authority: ${reason}`,
  });
}

function keyFile(directory: string, fingerprint: string): string {
  return join(directory, `${fingerprint}.key`);
}

/** All of it or nothing, on the disk when it returns. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', KEY_MODE);
  try {
    await file.chmod(KEY_MODE);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

function nullWhenMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
