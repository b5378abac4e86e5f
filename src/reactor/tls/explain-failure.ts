import { ECONNRESET, EPROTO } from '../errno.ts';
import { SSL_ERROR_SYSCALL } from '../libssl.ts';
import { copyText } from '../syscalls.ts';
import { readPeerChain } from './peer-certificates.ts';
import { readFacts, takeFailure } from './tls-errors.ts';
import type { TlsLibrary } from './tls-library.ts';
import { reasonOfLibrary, reasonOfVerification, type TlsReason } from './tls-reasons.ts';
import type { TlsRole } from './tls-role.ts';
import { describeRefusal, HOST_MISMATCH } from './tls-words.ts';

/** What went wrong: an errno, the tag under which it is counted, and plain words where they do not tell. */
export interface Explained {
  readonly errno: number;
  readonly reason: TlsReason;
  /** '' = errno says it all. */
  readonly sentence: string;
}

/**
 * Empties OpenSSL's error queue after a call that failed for good.
 * @param state SSL_ERROR_SSL or SSL_ERROR_SYSCALL
 * @param errno as the call left it
 */
export function explainFailure(
  library: TlsLibrary,
  ssl: bigint,
  state: number,
  errno: number,
  established: boolean,
  role: TlsRole,
): Explained {
  const failure = takeFailure(library.lib);
  if (state === SSL_ERROR_SYSCALL) return explainTransport(errno === 0 ? ECONNRESET : errno);
  if (failure.truncated) {
    if (established) return { errno: ECONNRESET, reason: 'truncated', sentence: failure.sentence };
    const sentence = 'the peer closed the connection during the TLS handshake';
    return { errno: ECONNRESET, reason: 'closed', sentence };
  }
  const own = explainRefusal(role);
  if (own !== null) return own;
  if (failure.refused) {
    const code = Number(library.lib.SSL_get_verify_result(ssl));
    return {
      errno: EPROTO,
      reason: reasonOfVerification(code),
      sentence: refusal(library, ssl, code, role.expected),
    };
  }
  return { errno: EPROTO, reason: reasonOfLibrary(failure.code), sentence: failure.sentence };
}

export function explainTransport(errno: number): Explained {
  return { errno, reason: 'transport', sentence: '' };
}

/** Our own objection; null = there is none. */
export function explainRefusal({ reason, refusal }: TlsRole): Explained | null {
  return reason === '' ? null : { errno: EPROTO, reason, sentence: refusal };
}

/** The peer's certificate is in order, but for another name. */
export function explainOtherName(library: TlsLibrary, ssl: bigint, expected: readonly string[]): Explained {
  return { errno: EPROTO, reason: 'other-name', sentence: refusal(library, ssl, HOST_MISMATCH, expected) };
}

function refusal(library: TlsLibrary, ssl: bigint, code: number, expected: readonly string[]): string {
  const fallback = copyText(library.lib.X509_verify_cert_error_string(BigInt(code)));
  return describeRefusal(code, fallback, readFacts(readPeerChain(library, ssl)[0]), expected);
}
