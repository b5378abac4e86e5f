/** OpenSSL's error queue, emptied into one clause. */
import { X509Certificate } from 'node:crypto';
import type { LibSsl } from '../libssl.ts';
import { copyText } from '../syscalls.ts';
import { type CertificateFacts, describeReason, REASON_UNEXPECTED_EOF, REASON_VERIFY_FAILED } from './tls-words.ts';

/** openssl/err.h: a code holds the library (8 bits) above the reason (23 bits); the top bit marks errno values. */
const REASON_BITS = 23n;
const REASON_MASK = (1n << REASON_BITS) - 1n;
const LIB_MASK = 0xffn;
const SYSTEM_FLAG = 1n << 31n;
const LIB_SSL = 20;
/** The queue holds 16; the rest of a loop would be a bug. */
const MAX_QUEUED = 32;

export interface TlsFailure {
  readonly sentence: string;
  /** Of the SSL library; -1 = of another one. */
  readonly code: number;
  /** The stream ended without close_notify. */
  readonly truncated: boolean;
  /** The peer's certificate was refused; the verification result says why. */
  readonly refused: boolean;
}

/** Empties the queue; the first entry is the cause, the later ones are its consequences. */
export function takeFailure(lib: LibSsl): TlsFailure {
  let sentence = '';
  let first = -1;
  let truncated = false;
  let refused = false;
  for (let i = 0; i < MAX_QUEUED; i++) {
    const code = lib.ERR_get_error();
    if (code === 0n) break;
    const system = (code & SYSTEM_FLAG) !== 0n;
    const isSsl = !system && Number((code >> REASON_BITS) & LIB_MASK) === LIB_SSL;
    const reason = isSsl ? Number(code & REASON_MASK) : -1;
    truncated ||= reason === REASON_UNEXPECTED_EOF;
    refused ||= reason === REASON_VERIFY_FAILED;
    if (sentence !== '') continue;
    sentence = describeReason(reason, copyText(lib.ERR_reason_error_string(code)) || `code ${code}`);
    first = reason;
  }
  lib.ERR_clear_error();
  return {
    sentence: sentence === '' ? 'TLS failed for a reason that OpenSSL does not tell' : sentence,
    code: first,
    truncated,
    refused,
  };
}

/** What a certificate says about itself; null when it cannot be read. */
export function readFacts(der: Buffer | undefined): CertificateFacts | null {
  if (der === undefined) return null;
  try {
    const { subject, issuer, subjectAltName, validFrom, validTo } = new X509Certificate(der);
    return { subject: subject ?? '', issuer: issuer ?? '', names: subjectAltName ?? '', validFrom, validTo };
  } catch {
    return null;
  }
}
