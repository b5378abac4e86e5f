import type { Interest } from '../interest.ts';
import type { Kernel } from '../kernel.ts';
import * as ssl from '../libssl.ts';
import type { Socket } from '../socket.ts';
import type { Timers } from '../timers.ts';
import type { Deferred, TurnEnd } from '../turn-end.ts';
import type { ClientTarget } from './client-target.ts';
import { MemoryInput } from './memory-input.ts';
import type { MeshServerSettings } from './mesh/mesh-protocols.ts';
import { MeshServerRole } from './mesh/mesh-role.ts';
import { MeshTls } from './mesh/mesh-tls.ts';
import type { NativeTable } from './native-table.ts';
import { TlsBuffers } from './tls-buffers.ts';
import { TlsConnection } from './tls-connection.ts';
import type { TlsServerContext } from './tls-context.ts';
import type { TlsHost } from './tls-host.ts';
import { TlsLibrary } from './tls-library.ts';
import type { TlsObserver } from './tls-observer.ts';
import type { TlsProblem } from './tls-reasons.ts';
import { type ServerContexts, ServerRole, type TlsRole } from './tls-role.ts';

/** Steps of handshakes per turn: each costs a good part of a millisecond, and established connections wait meanwhile. */
const HANDSHAKES_PER_TURN = 8;

/** Bytes that were read from a connection before TLS began on it: slab offset and length. */
export interface Received {
  readonly at: number;
  readonly length: number;
}
export const NOTHING_RECEIVED: Received = { at: 0, length: 0 };
const NO_MEMORY: TlsProblem = { reason: 'no-memory', sentence: 'no memory is left for TLS' };

/** Puts TLS on connections of one reactor. */
export class TlsEngine implements TlsHost {
  readonly kernel: Kernel;
  readonly interest: Interest;
  readonly library: TlsLibrary;
  readonly moved = { total: 0, state: 0, errno: 0, more: false };
  readonly observer: TlsObserver;
  readonly buffers: TlsBuffers;
  firstEndMs = Number.POSITIVE_INFINITY;
  readonly #timers: Timers;
  readonly #turnEnd: TurnEnd;
  #mesh: MeshTls | null = null;
  #turnAt = 0;
  #handshakes = 0;

  /** @throws Error naming the function of OpenSSL that this Node lacks */
  constructor(
    kernel: Kernel,
    natives: NativeTable,
    interest: Interest,
    timers: Timers,
    turnEnd: TurnEnd,
    observer: TlsObserver,
  ) {
    this.kernel = kernel;
    this.observer = observer;
    this.interest = interest;
    this.library = new TlsLibrary(kernel.slab, natives);
    this.buffers = new TlsBuffers(this.library.lib, timers);
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

  /** Identities of this host, and connections to other agents. */
  get mesh(): MeshTls {
    this.#mesh ??= new MeshTls(this.library);
    return this.#mesh;
  }

  /** Returns false when OpenSSL has no memory left; the connection is then as it was. */
  startClient(socket: Socket, target: ClientTarget): boolean {
    const { lib } = this.library;
    const { serverName, hosts, encodedProtocols, context } = target;
    const pointer = this.#create(socket, context.pointer);
    if (pointer === 0n) return false;
    lib.SSL_set_fd(pointer, socket.fd);
    lib.SSL_set_connect_state(pointer);
    if (serverName !== null) {
      const text = this.library.textPointer(serverName);
      lib.SSL_ctrl(pointer, ssl.SSL_CTRL_SET_TLSEXT_HOSTNAME, 0n, text);
    }
    if (hosts.length > 0) this.#expectHosts(pointer, hosts);
    if (encodedProtocols.length > 0) {
      lib.SSL_set_alpn_protos(pointer, this.library.bytesPointer(encodedProtocols), encodedProtocols.length);
    }
    const key = target.sessionKeyFor(socket.peer === null ? '' : String(socket.peer));
    const untilMs = context.sessions.offer(key, pointer);
    this.#attach(socket, pointer, target.roleFor(this.library, pointer, key, untilMs), null);
    return true;
  }

  /**
   * @param received such as sniffed bytes, or NOTHING_RECEIVED
   * @returns false when OpenSSL has no memory left; the connection is then as it was
   */
  startServer(socket: Socket, contexts: ServerContexts, received: Received): boolean {
    return this.#accept(
      socket,
      contexts.initial,
      received,
      (pointer) => new ServerRole(this.library, contexts, pointer),
    );
  }

  /**
   * Answers another agent, whose ClientHello was recognized by its ALPN. `onConnect` follows with `peerPrincipal` and `protocol` known, or
   * `onError`: also where the certificate of this host has expired, which the peer is told by an alert.
   * @param received the sniffed bytes
   * @returns why there is no handshake at all; the connection is then as it was
   */
  startMeshServer(
    socket: Socket,
    { identity: spiffeId, alpn }: MeshServerSettings,
    received: Received,
  ): TlsProblem | null {
    const { library } = this;
    const found = this.mesh.find(spiffeId);
    if (!('identity' in found)) {
      this.observer.failed('server', found.reason);
      return found;
    }
    const { identity, trustDomain } = found;
    const rule = { trustDomain, expectedIds: null };
    const problem = identity.problemAt(library.wallClock());
    const makeRole = (pointer: bigint): MeshServerRole =>
      new MeshServerRole(library, pointer, rule, alpn, identity, problem);
    return this.#accept(socket, identity.server, received, makeRole) ? null : NO_MEMORY;
  }

  #accept(
    socket: Socket,
    context: TlsServerContext,
    received: Received,
    makeRole: (pointer: bigint) => TlsRole,
  ): boolean {
    const { lib } = this.library;
    const pointer = this.#create(socket, context.pointer);
    if (pointer === 0n) return false;
    lib.SSL_set_accept_state(pointer);
    const input = received.length === 0 ? null : this.#feed(socket, pointer, received);
    if (received.length === 0) lib.SSL_set_fd(pointer, socket.fd);
    else if (input === null) return this.#discard(socket, pointer);
    // What had been read was the hello, and from here on plaintext is counted.
    socket.bytesRead = 0;
    this.#attach(socket, pointer, makeRole(pointer), input);
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

  #attach(socket: Socket, pointer: bigint, role: TlsRole, input: MemoryInput | null): void {
    socket.tls = new TlsConnection(this, socket, pointer, role, input);
    socket.connecting = true;
    this.interest.refresh(socket);
  }
}
