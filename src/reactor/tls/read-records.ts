import type { Kernel } from '../kernel.ts';
import { RECORD_BYTES } from '../libssl.ts';
import { RECEIVE_BYTES } from '../slab.ts';
import type { TlsLibrary } from './tls-library.ts';

/** A shorter record is taken for the end of a message: another read would mostly find nothing. */
const MORE_LIKELY = 1024;
/** With no more large chunks than this, one record at a time keeps every connection moving. */
const FEW_CHUNKS = 8;

/** What one look at a connection has found. */
export interface Found {
  /** Bytes in the receive area. */
  total: number;
  /** SSL_ERROR_* of the read that gave none, 0 = there was no such read. */
  state: number;
  /** errno of that read. */
  errno: number;
}

/**
 * Reads at most four records into the receive area. There is room for a whole one at each read, so that none leaves a rest inside
 * OpenSSL, of which epoll would know nothing.
 */
export function readRecords(library: TlsLibrary, kernel: Kernel, ssl: bigint, found: Found): void {
  const { lib, slab } = library;
  const limit = slab.freeLargeChunks > FEW_CHUNKS ? RECEIVE_BYTES : RECORD_BYTES;
  found.total = 0;
  found.state = 0;
  while (found.total + RECORD_BYTES <= limit) {
    // What another connection left in the error queue would be taken for a failure of this one.
    lib.ERR_clear_error();
    const n = lib.SSL_read(ssl, slab.pointer(slab.receiveArea + found.total, RECORD_BYTES), RECORD_BYTES);
    if (n > 0) {
      found.total += n;
      if (n < MORE_LIKELY) return;
      continue;
    }
    found.errno = kernel.errno;
    found.state = lib.SSL_get_error(ssl, n);
    return;
  }
}
