import { LARGE_CHUNK } from '../slab.ts';
import type { TlsLibrary } from './tls-library.ts';

/** A longer chain, or a larger certificate, is cut off here; OpenSSL refuses far smaller ones. */
const MAX_CHAIN = 16;
const MAX_CERTIFICATE_BYTES = LARGE_CHUNK;

/** The certificates that the peer has shown, in DER, its own first; [] when it has shown none, or no buffer is left. */
export function readPeerChain(library: TlsLibrary, ssl: bigint): Buffer[] {
  const { lib } = library;
  const chain: Buffer[] = [];
  if (library.slab.freeLargeChunks === 0) return chain;
  const add = (x509: bigint): void => {
    const der = x509 === 0n ? null : readCertificate(library, x509);
    if (der !== null && !chain.some((other) => other.equals(der))) chain.push(der);
  };
  add(lib.SSL_get0_peer_certificate(ssl));
  // A server's view of its client's chain leaves out the client's own certificate, a client's view of the server's does not.
  const stack = lib.SSL_get_peer_cert_chain(ssl);
  const count = stack === 0n ? 0 : Math.min(lib.OPENSSL_sk_num(stack), MAX_CHAIN);
  for (let i = 0; i < count; i++) add(lib.OPENSSL_sk_value(stack, i));
  return chain;
}

/** One certificate in DER; null when it is too large. i2d_X509 writes to the address that it finds behind its second argument. */
export function readCertificate({ lib, slab, scratch }: TlsLibrary, x509: bigint): Buffer | null {
  const length = lib.i2d_X509(x509, 0n);
  if (length <= 0 || length > MAX_CERTIFICATE_BYTES) return null;
  const chunk = slab.allocate(length);
  slab.view.setBigUint64(scratch, slab.pointer(chunk, length), true);
  const written = lib.i2d_X509(x509, slab.pointer(scratch, 8));
  const der = Buffer.from(slab.bytes.subarray(chunk, chunk + length));
  slab.release(chunk);
  return written === length ? der : null;
}
