/** A certificate for nats-server that the operator has from elsewhere. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { UserError } from '../../core/errors.ts';
import type { ServerCertificate } from './server-certificate.ts';

export interface OwnCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

/** @throws UserError when a file cannot be read, or the CA is no certificate. */
export async function readServerCertificate(files: OwnCertificate): Promise<ServerCertificate> {
  const read = (path: string): Promise<string> =>
    readFile(path, 'utf8').catch((error: Error) => {
      throw wrong(path, `cannot be read: ${error.message}`);
    });
  const [certificate, key, ca] = [await read(files.certificate), await read(files.key), await read(files.ca)];
  for (const [path, text] of [
    [files.certificate, certificate],
    [files.ca, ca],
  ] as const)
    requireCertificate(path, text);
  if (!new X509Certificate(certificate).checkPrivateKey(privateKey(files.key, key)))
    throw wrong(files.key, `is not the key of ${files.certificate}`);
  return { certificate, key, ca, caKey: '' };
}

function privateKey(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw wrong(path, 'is no private key in PEM');
  }
}

function requireCertificate(path: string, text: string): void {
  try {
    new X509Certificate(text);
  } catch {
    throw wrong(path, 'is no certificate in PEM');
  }
}

function wrong(path: string, message: string): UserError {
  return new UserError({ code: 'TWP2904', path, message });
}
