/** The handshake of one connection, step by step as its descriptor gets ready. */
import type { Kernel } from '../kernel.ts';
import { SSL_ERROR_WANT_READ } from '../libssl.ts';
import type { Socket } from '../socket.ts';
import { EPOLLIN, EPOLLOUT } from '../syscalls.ts';
import type { MemoryInput } from './memory-input.ts';
import { isFailure } from './move-records.ts';
import type { TlsHost } from './tls-host.ts';
import type { TlsRole } from './tls-role.ts';

/** `unreachable`: the connection below was not made, see `errno`; `failed`: see `state` and `errno`. */
export type HandshakeStep = 'done' | 'waiting' | 'unreachable' | 'failed';

export class TlsHandshake {
  /** epoll events that it waits for. */
  wants = EPOLLOUT;
  /** SSL_ERROR_* of the step that failed. */
  state = 0;
  errno = 0;
  readonly #socket: Socket;
  readonly #ssl: bigint;
  readonly #role: TlsRole;
  /** Bytes read before TLS began; null once OpenSSL reads the descriptor. */
  #input: MemoryInput | null;
  #transportReady: boolean;

  constructor(socket: Socket, ssl: bigint, role: TlsRole, input: MemoryInput | null) {
    this.#socket = socket;
    this.#ssl = ssl;
    this.#role = role;
    this.#input = input;
    this.#transportReady = !socket.connecting;
  }

  step(host: TlsHost): HandshakeStep {
    if (!this.#transportReady) {
      this.errno = host.kernel.takeSocketError(this.#socket.fd);
      if (this.errno !== 0) return 'unreachable';
      this.#transportReady = true;
    }
    // epoll will report the connection again.
    return host.takeHandshake() ? this.#proceed(host.kernel, host) : 'waiting';
  }

  #proceed(kernel: Kernel, { library: { lib, callbacks } }: TlsHost): HandshakeStep {
    lib.ERR_clear_error();
    callbacks.current = this.#role;
    const r = lib.SSL_do_handshake(this.#ssl);
    callbacks.current = null;
    if (r === 1) return 'done';
    this.errno = kernel.errno;
    this.state = lib.SSL_get_error(this.#ssl, r);
    if (isFailure(this.state)) return 'failed';
    // No handshake ends with the first flight of the client, which is all that memory can hold.
    if (this.state === SSL_ERROR_WANT_READ) {
      this.#input?.leave(this.#ssl);
      this.#input = null;
    }
    this.wants = this.state === SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT;
    return 'waiting';
  }
}
