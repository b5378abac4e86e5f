import type { Interest } from '../interest.ts';
import type { Kernel } from '../kernel.ts';
import * as ssl from '../libssl.ts';
import type { Socket } from '../socket.ts';
import type { Timers } from '../timers.ts';
import type { Deferred, TurnEnd } from '../turn-end.ts';
import { MemoryInput } from './memory-input.ts';
import type { NativeTable } from './native-table.ts';
import { TlsConnection } from './tls-connection.ts';
import type { TlsHost } from './tls-host.ts';
import { TlsLibrary } from './tls-library.ts';
import { ClientRole, type ServerContexts, ServerRole } from './tls-role.ts';
import type { TlsTarget } from './tls-target.ts';

/** Steps of handshakes per turn: each costs a good part of a millisecond, and established connections wait meanwhile. */
const HANDSHAKES_PER_TURN = 8;

/** Bytes that were read from a connection before TLS began on it: slab offset and length. */
export interface Received {
  readonly at: number;
  readonly length: number;
}
export const NOTHING_RECEIVED: Received = { at: 0, length: 0 };

/** Puts TLS on connections of one reactor. */
export class TlsEngine implements TlsHost {
  readonly kernel: Kernel;
  readonly interest: Interest;
  readonly library: TlsLibrary;
  readonly moved = { total: 0, state: 0, errno: 0, more: false };
  readonly #timers: Timers;
  readonly #turnEnd: TurnEnd;
  #turnAt = 0;
  #handshakes = 0;

  /** @throws Error naming the function of OpenSSL that this Node lacks */
  constructor(kernel: Kernel, natives: NativeTable, interest: Interest, timers: Timers, turnEnd: TurnEnd) {
    this.kernel = kernel;
    this.interest = interest;
    this.library = new TlsLibrary(kernel.slab, natives);
    this.#timers = timers;
    this.#turnEnd = turnEnd;
  }

  atNextTurnEnd(work: Deferred): void {
    this.#turnEnd.addLater(work);
  }

  /** False when this turn has seen enough handshakes: epoll will report the connection again. */
  takeHandshake(): boolean {
    if (this.#turnAt !== this.#timers.now) {
      this.#turnAt = this.#timers.now;
      this.#handshakes = 0;
    }
    return this.#handshakes++ < HANDSHAKES_PER_TURN;
  }

  /** Returns false when OpenSSL has no memory left; the connection is then as it was. */
  startClient(socket: Socket, target: TlsTarget): boolean {
    const { lib } = this.library;
    const { names, encodedProtocols } = target;
    const pointer = this.#create(socket, target.context.pointer);
    if (pointer === 0n) return false;
    lib.SSL_set_fd(pointer, socket.fd);
    lib.SSL_set_connect_state(pointer);
    if (names.serverName !== null) {
      const text = this.library.textPointer(names.serverName);
      lib.SSL_ctrl(pointer, ssl.SSL_CTRL_SET_TLSEXT_HOSTNAME, 0n, text);
    }
    if (target.checkedByOpenssl) this.#expectHosts(pointer, names.hosts);
    if (encodedProtocols.length > 0) {
      lib.SSL_set_alpn_protos(pointer, this.library.bytesPointer(encodedProtocols), encodedProtocols.length);
    }
    target.context.sessions.offer(target.sessionKey, pointer);
    this.#attach(socket, new TlsConnection(this, socket, pointer, new ClientRole(target), null));
    return true;
  }

  /**
   * @param received such as sniffed bytes, or NOTHING_RECEIVED
   * @returns false when OpenSSL has no memory left; the connection is then as it was
   */
  startServer(socket: Socket, contexts: ServerContexts, received: Received): boolean {
    const { lib } = this.library;
    const pointer = this.#create(socket, contexts.initial.pointer);
    if (pointer === 0n) return false;
    lib.SSL_set_accept_state(pointer);
    const input = received.length === 0 ? null : this.#feed(socket, pointer, received);
    if (received.length === 0) lib.SSL_set_fd(pointer, socket.fd);
    else if (input === null) return this.#discard(socket, pointer);
    this.#attach(
      socket,
      new TlsConnection(this, socket, pointer, new ServerRole(this.library, contexts, pointer), input),
    );
    return true;
  }

  #feed(socket: Socket, pointer: bigint, { at, length }: Received): MemoryInput | null {
    const { lib, slab } = this.library;
    return MemoryInput.attach(lib, pointer, socket.fd, slab.pointer(at, length), length);
  }

  #discard(socket: Socket, pointer: bigint): false {
    this.library.natives.setConnection(socket.slot, 0n);
    this.library.lib.SSL_free(pointer);
    return false;
  }

  #create(socket: Socket, context: bigint): bigint {
    const pointer = this.library.lib.SSL_new(context);
    this.library.lib.ERR_clear_error();
    if (pointer !== 0n) this.library.natives.setConnection(socket.slot, pointer);
    return pointer;
  }

  /** RFC 9525: wildcards only as a whole label, and the common name does not count. */
  #expectHosts(pointer: bigint, hosts: readonly string[]): void {
    const { lib } = this.library;
    const flags = ssl.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | ssl.X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    lib.SSL_set_hostflags(pointer, flags);
    for (const host of hosts) lib.SSL_add1_host(pointer, this.library.textPointer(host));
  }

  #attach(socket: Socket, connection: TlsConnection): void {
    socket.tls = connection;
    socket.connecting = true;
    this.interest.refresh(socket);
  }
}
