import { copyBytes } from '../syscalls.ts';
import type { TlsLibrary } from './tls-library.ts';

/** The ALPN protocol that both sides agreed on; '' = none. */
export function readProtocol({ lib, slab, scratch }: TlsLibrary, ssl: bigint): string {
  // Two results: where the name lies, and its length.
  lib.SSL_get0_alpn_selected(ssl, slab.pointer(scratch, 8), slab.pointer(scratch + 8, 4));
  const address = slab.view.getBigUint64(scratch, true);
  const length = slab.view.getUint32(scratch + 8, true);
  return address === 0n || length === 0 || length > 255 ? '' : copyBytes(address, length).toString('latin1');
}
