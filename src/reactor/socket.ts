import { describeErrno } from './errno.ts';
import type { SockAddr } from './socket-address.ts';
import type { Timed } from './timer-wheel.ts';
import type { TlsReason } from './tls/tls-reasons.ts';

/**
 * What a connection tells its owner. `at` is a slab offset in the shared receive area, valid only during the call: copy what
 * must be kept. After `close` or `reset` no call arrives any more.
 */
export interface SocketHandler {
  /** The connection that we dialled is established. */
  onConnect(socket: Socket): void;
  onData(socket: Socket, at: number, length: number): void;
  /** The peer sent FIN; our direction stays open. */
  onEnd(socket: Socket): void;
  /** Everything written so far was handed to the kernel, after a `write` that returned false. */
  onDrain(socket: Socket): void;
  /** The connection is dead (refused, reset, timed out ...), told once; its resources are held until `close` or `reset`. */
  onError(socket: Socket, errno: number): void;
  /** The deadline set with `setTimer` has passed. */
  onTimeout(socket: Socket): void;
  /** Raw mode only: bytes, FIN or an error wait to be read. */
  onReadable(socket: Socket): void;
  /** Raw mode only: the kernel takes bytes again. */
  onWritable(socket: Socket): void;
}

/** A chunk of the slab with bytes not yet sent. */
export interface PendingChunk {
  readonly chunk: number;
  from: number;
  to: number;
}

/** What lies between a connection and its descriptor: TLS (tls/tls-connection.ts). Only src/reactor calls the methods marked internal. */
export interface SecureLayer {
  /** The handshake is complete: what follows is known and does not change. */
  readonly established: boolean;
  /** The ALPN protocol agreed on; '' = none. */
  readonly protocol: string;
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string;
  /** The name that the client asked for (SNI), in lower case; null = none. */
  readonly serverName: string | null;
  /** The handshake took up an earlier session. */
  readonly resumed: boolean;
  /**
   * Who the peer has proven to be by mutual TLS of the mesh, also where a session was resumed: `<trust-domain>/ns/<namespace>/sa/<account>`,
   * the SPIFFE ID without its scheme; null = nobody, or nobody yet.
   */
  readonly peerPrincipal: string | null;
  /** As whom this host speaks to it, written alike. */
  readonly localPrincipal: string | null;
  /** Wall-clock ms at which the first certificate of the two ends (of mutual TLS of the mesh) has ended; Infinity = none ever does. */
  readonly validUntilMs: number;
  /** Why TLS failed, as it is counted; '' = it has not. */
  readonly failure: TlsReason | '';
  /** The certificates that the peer has shown, in DER, its own first. Copied at each call. */
  peerChain(): Buffer[];
  /** Internal: epoll interest. */
  wanted(): number;
  /** Internal: takes an event. False: there was nothing for TLS in it. */
  dispatch(mask: number): boolean;
  /** Internal: as Kernel.send, but -EAGAIN also during the handshake; what was refused must come again. */
  send(at: number, length: number): number;
  /** Internal: the owner reads again. */
  onResume(): void;
  /** Internal: hands up what had arrived before the connection died. */
  readLast(): void;
  /** Internal: tells the peer that no more bytes come. False: the kernel is full, try again when it is not. */
  sendCloseNotify(): boolean;
  /** Internal: a close_notify waits for the kernel. */
  readonly owesCloseNotify: boolean;
  /** Internal: frees what belongs to it. */
  dispose(): void;
}

/** One connection as everything above the reactor sees it. Only src/reactor touches the fields marked internal. */
export class Socket implements Timed {
  /** Internal: -1 once closed. */
  fd: number;
  /** Internal: place in the reactor's table; with `generation` it tells a reused place from this connection. */
  readonly slot: number;
  readonly generation: number;
  handler: SocketHandler;
  readonly peer: SockAddr | null;
  /** Internal: epoll interest in force. */
  interest = 0;
  /** Not yet usable: TCP, and TLS on it, are being set up. */
  connecting = false;
  /** Internal: dialled in this turn and not yet known to epoll. */
  unregistered = false;
  /** Internal: its interest is looked at again at the end of the turn. */
  stale = false;
  /** Internal: a write found it connected; `onConnect` is still to be told. */
  unannounced = false;
  /** Internal: no longer known to epoll, for good (`dead`) or while paused (`parked`). */
  dead = false;
  parked = false;
  /** FIN received. */
  readClosed = false;
  /** FIN sent, or to be sent once the pending bytes are out. */
  writeClosed = false;
  paused = false;
  /** null = bytes go over the wire as they are. */
  tls: SecureLayer | null = null;
  /** Plain words for a failure of TLS, told by `onError`; '' = errno says it all. */
  reason = '';
  /** Internal: the pipe of raw mode, closed with the connection; null = not raw. */
  pipe: { close(): void } | null = null;
  /** Internal: raw mode waits for writability. */
  wantsWritable = false;
  /** Internal: bytes that the kernel has not taken yet; null = none. */
  pending: PendingChunk[] | null = null;
  pendingBytes = 0;
  /** Internal: close once the pending bytes are out. */
  closeWhenFlushed = false;
  /** Internal: its owner has closed it; the reactor alone sees to its last bytes. */
  released = false;
  /** Internal: `bytesWritten` when the peer of a closing connection was given time. */
  flushMark = -1;
  /** Internal: errno to report at the end of this turn, 0 = none. */
  failure = 0;
  bytesRead = 0;
  bytesWritten = 0;
  deadline = 0;
  wheelTick = -1;

  constructor(fd: number, slot: number, generation: number, handler: SocketHandler, peer: SockAddr | null) {
    this.fd = fd;
    this.slot = slot;
    this.generation = generation;
    this.handler = handler;
    this.peer = peer;
  }

  get closed(): boolean {
    return this.fd < 0;
  }

  /** Raw mode: the owner moves the bytes itself (splice). */
  get raw(): boolean {
    return this.pipe !== null;
  }

  /** Plain words for a failure that `onError` has told. */
  describe(errno: number): string {
    return this.reason === '' ? describeErrno(errno) : this.reason;
  }

  onDeadline(): void {
    if (this.fd >= 0) this.handler.onTimeout(this);
  }
}
