/** PEM text into OpenSSL's objects. */
import { LARGE_CHUNK } from '../slab.ts';
import { takeFailure } from './tls-errors.ts';
import type { TlsLibrary } from './tls-library.ts';

/** Settings from which no context can be made: what is wrong with them, in one clause. */
export class TlsSettingsError extends Error {}

/** openssl/pem.h: PEM_R_NO_START_LINE in library 9, which is how the end of the text is told. */
const NO_MORE = (9n << 23n) | 108n;
/** More certificates than any chain or set of authorities has. */
const MAX_CERTIFICATES = 1024;

/**
 * Hands every certificate of `pem` to `use`, in order; it is freed afterwards. Returns how many there were.
 * @param what names the text in sentences, such as `the trusted certificates`
 * @throws TlsSettingsError when there is none, or one cannot be read
 */
export function forEachCertificate(
  library: TlsLibrary,
  pem: Uint8Array,
  what: string,
  use: (x509: bigint, index: number) => void,
): number {
  const { lib } = library;
  return withText(library, pem, (bio) => {
    lib.ERR_clear_error();
    for (let index = 0; ; index++) {
      const x509 = lib.PEM_read_bio_X509(bio, 0n, 0n, 0n);
      if (x509 === 0n) {
        const ended = lib.ERR_get_error() === NO_MORE;
        lib.ERR_clear_error();
        if (!ended) throw new TlsSettingsError(`certificate ${index + 1} of ${what} is damaged`);
        if (index === 0) throw new TlsSettingsError(`${what} hold no certificate in PEM form`);
        return index;
      }
      try {
        if (index === MAX_CERTIFICATES) throw new TlsSettingsError(`${what} are more than ${MAX_CERTIFICATES}`);
        use(x509, index);
      } finally {
        lib.X509_free(x509);
      }
    }
  });
}

/**
 * Hands the private key of `pem` to `use`; it is freed afterwards. OpenSSL's own copy of the text is wiped, and so is ours.
 * @throws TlsSettingsError when there is none that can be read
 */
export function withPrivateKey(library: TlsLibrary, pem: Uint8Array, use: (key: bigint) => void): void {
  const { lib } = library;
  withText(library, pem, (bio) => {
    // An empty password instead of OpenSSL's question on the terminal.
    const key = lib.PEM_read_bio_PrivateKey(bio, 0n, 0n, library.textPointer(''));
    lib.ERR_clear_error();
    if (key === 0n) throw new TlsSettingsError('the private key is not in PEM form, or needs a password');
    try {
      use(key);
    } finally {
      lib.EVP_PKEY_free(key);
    }
  });
}

/** Runs `use` with a memory BIO that holds the text. OpenSSL wipes its memory when it is freed. @throws SlabExhausted */
function withText<T>(library: TlsLibrary, pem: Uint8Array, use: (bio: bigint) => T): T {
  const { lib, slab } = library;
  const bio = lib.BIO_new(lib.BIO_s_mem());
  if (bio === 0n) throw new TlsSettingsError(takeFailure(lib).sentence);
  // Not the compose area: a message may wait there for the connection that needs this context.
  const chunk = slab.allocate(LARGE_CHUNK);
  try {
    for (let at = 0; at < pem.length; at += LARGE_CHUNK) {
      const piece = pem.subarray(at, at + LARGE_CHUNK);
      slab.bytes.set(piece, chunk);
      lib.BIO_write(bio, slab.pointer(chunk, piece.length), piece.length);
      slab.bytes.fill(0, chunk, chunk + piece.length);
    }
    return use(bio);
  } finally {
    slab.release(chunk);
    lib.BIO_free(bio);
  }
}
