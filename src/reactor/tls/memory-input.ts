import { BIO_C_SET_BUF_MEM_EOF_RETURN, type LibSsl } from '../libssl.ts';

/** Bytes that were read from a connection before TLS began on it (sniffed): OpenSSL reads them first, then the descriptor. */
export class MemoryInput {
  readonly #lib: LibSsl;
  readonly #socketBio: bigint;

  private constructor(lib: LibSsl, socketBio: bigint) {
    this.#lib = lib;
    this.#socketBio = socketBio;
  }

  /** Gives `ssl` its input and output; both belong to it from now on. null when there is no memory. */
  static attach(lib: LibSsl, ssl: bigint, fd: number, bytes: bigint, length: number): MemoryInput | null {
    const memory = lib.BIO_new(lib.BIO_s_mem());
    const socket = lib.BIO_new_socket(fd, 0);
    if (memory === 0n || socket === 0n || lib.BIO_write(memory, bytes, length) !== length) {
      lib.BIO_free(memory);
      lib.BIO_free(socket);
      return null;
    }
    // Its end is not the end of the stream.
    lib.BIO_ctrl(memory, BIO_C_SET_BUF_MEM_EOF_RETURN, -1n, 0n);
    lib.SSL_set_bio(ssl, memory, socket);
    return new MemoryInput(lib, socket);
  }

  /** Everything was read: from now on the descriptor is. */
  leave(ssl: bigint): void {
    this.#lib.BIO_up_ref(this.#socketBio);
    this.#lib.SSL_set0_rbio(ssl, this.#socketBio);
  }
}
