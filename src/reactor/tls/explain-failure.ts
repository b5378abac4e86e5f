import { ECONNRESET, EPROTO } from '../errno.ts';
import { SSL_ERROR_SYSCALL } from '../libssl.ts';
import { copyText } from '../syscalls.ts';
import { readPeerChain } from './peer-certificates.ts';
import { readFacts, takeFailure } from './tls-errors.ts';
import type { TlsLibrary } from './tls-library.ts';
import { describeRefusal, HOST_MISMATCH } from './tls-words.ts';

/** What went wrong: an errno, and plain words where it alone does not tell. */
export interface Explained {
  readonly errno: number;
  /** '' = errno says it all. */
  readonly sentence: string;
}

export interface Circumstances {
  readonly established: boolean;
  /** Why our own callbacks ended the handshake; '' = they did not. */
  readonly ownRefusal: string;
  /** Names that the peer's certificate should have been for. */
  readonly expected: readonly string[];
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
  { established, ownRefusal, expected }: Circumstances,
): Explained {
  const failure = takeFailure(library.lib);
  if (state === SSL_ERROR_SYSCALL) return { errno: errno === 0 ? ECONNRESET : errno, sentence: '' };
  if (failure.truncated) {
    const early = 'the peer closed the connection during the TLS handshake';
    return { errno: ECONNRESET, sentence: established ? failure.sentence : early };
  }
  if (failure.refused) {
    const code = Number(library.lib.SSL_get_verify_result(ssl));
    return { errno: EPROTO, sentence: refusal(library, ssl, code, expected) };
  }
  return { errno: EPROTO, sentence: ownRefusal === '' ? failure.sentence : ownRefusal };
}

/** The peer's certificate is in order, but for another name. */
export function explainOtherName(library: TlsLibrary, ssl: bigint, expected: readonly string[]): Explained {
  return { errno: EPROTO, sentence: refusal(library, ssl, HOST_MISMATCH, expected) };
}

function refusal(library: TlsLibrary, ssl: bigint, code: number, expected: readonly string[]): string {
  const fallback = copyText(library.lib.X509_verify_cert_error_string(BigInt(code)));
  return describeRefusal(code, fallback, readFacts(readPeerChain(library, ssl)[0]), expected);
}
