/** Records between the receive area and the wire. */
import { EAGAIN } from '../errno.ts';
import type { Kernel } from '../kernel.ts';
import {
  type LibSsl,
  RECORD_BYTES,
  SSL_ERROR_SSL,
  SSL_ERROR_SYSCALL,
  SSL_ERROR_WANT_READ,
  SSL_ERROR_WANT_WRITE,
} from '../libssl.ts';
import { RECEIVE_BYTES } from '../slab.ts';
import type { TlsLibrary } from './tls-library.ts';

/** Calls for one look at a connection. */
const MAX_RECORDS = RECEIVE_BYTES / RECORD_BYTES;
/** With no more large chunks than this, one record at a time keeps every connection moving. */
const FEW_CHUNKS = 8;

/** What came of moving records; one object serves all, so that none is allocated. */
export interface Moved {
  /** Bytes of plaintext. */
  total: number;
  /** SSL_ERROR_* of the call that moved none, 0 = there was no such call. */
  state: number;
  /** errno of that call. */
  errno: number;
  /** OpenSSL holds more, of which epoll does not know. */
  more: boolean;
}

/**
 * Reads at most four records into the receive area. There is room for a whole one at each read, so that no plaintext stays behind;
 * records that OpenSSL has read ahead may.
 */
export function readRecords({ lib, slab }: TlsLibrary, kernel: Kernel, ssl: bigint, moved: Moved): void {
  const limit = slab.freeLargeChunks > FEW_CHUNKS ? MAX_RECORDS : 1;
  moved.total = 0;
  moved.state = 0;
  moved.more = false;
  for (let i = 0; i < limit; i++) {
    // What another connection left in the error queue would be taken for a failure of this one.
    lib.ERR_clear_error();
    kernel.clearErrno();
    const n = lib.SSL_read(ssl, slab.pointer(slab.receiveArea + moved.total, RECORD_BYTES), RECORD_BYTES);
    if (n > 0) {
      moved.total += n;
      // With nothing read ahead behind it, the kernel had no more a moment ago: another look would cost a system call, and epoll tells.
      if (n < RECORD_BYTES && lib.SSL_has_pending(ssl) === 0) return;
      continue;
    }
    moved.errno = kernel.errno;
    moved.state = lib.SSL_get_error(ssl, n);
    // EAGAIN: the kernel was asked, has nothing, and will tell. Otherwise it was a record without data (a ticket, new keys), and the
    // next may be here already; SSL_has_pending does not know of those that came with the old keys.
    if (moved.state !== SSL_ERROR_WANT_READ || moved.errno === EAGAIN) return;
    moved.state = 0;
  }
  moved.more = true;
}

/** Sends from slab offset `at` what the kernel takes. A record that it did not take whole must be offered again, as it was. */
export function writeRecords(
  { lib, slab }: TlsLibrary,
  kernel: Kernel,
  ssl: bigint,
  at: number,
  length: number,
  moved: Moved,
): void {
  moved.total = 0;
  moved.state = 0;
  while (moved.total < length) {
    const left = length - moved.total;
    lib.ERR_clear_error();
    const n = lib.SSL_write(ssl, slab.pointer(at + moved.total, left), left);
    if (n > 0) {
      moved.total += n;
      continue;
    }
    moved.errno = kernel.errno;
    moved.state = lib.SSL_get_error(ssl, n);
    return;
  }
}

/** False: the kernel is full, try again when it is not. Whatever else fails here, the peer is gone. */
export function sendCloseNotify(lib: LibSsl, ssl: bigint): boolean {
  lib.ERR_clear_error();
  const r = lib.SSL_shutdown(ssl);
  const isFull = r < 0 && lib.SSL_get_error(ssl, r) === SSL_ERROR_WANT_WRITE;
  lib.ERR_clear_error();
  return !isFull;
}

/** True for an SSL_ERROR_* after which nothing more can be done with a connection. */
export function isFailure(state: number): boolean {
  return state === SSL_ERROR_SSL || state === SSL_ERROR_SYSCALL;
}
