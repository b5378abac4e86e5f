/** One connection under TLS: OpenSSL reads and writes the descriptor itself (docs/adr/0008), this tells it when. */
import { EAGAIN } from '../errno.ts';
import * as openssl from '../libssl.ts';
import type { SecureLayer, Socket } from '../socket.ts';
import { copyText, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from '../syscalls.ts';
import type { Deferred } from '../turn-end.ts';
import {
  type Explained,
  explainFailure,
  explainOtherName,
  explainRefusal,
  explainTransport,
} from './explain-failure.ts';
import type { MemoryInput } from './memory-input.ts';
import { isFailure, readRecords, sendCloseNotify, writeRecords } from './move-records.ts';
import { readPeerChain } from './peer-certificates.ts';
import { readProtocol } from './read-protocol.ts';
import type { BufferHolder } from './tls-buffers.ts';
import { TlsHandshake } from './tls-handshake.ts';
import type { TlsHost } from './tls-host.ts';
import type { TlsReason } from './tls-reasons.ts';
import type { TlsRole } from './tls-role.ts';

/** Reads of what a peer had sent before it went away. */
const MAX_LAST_READS = 1024;

export class TlsConnection implements SecureLayer, Deferred, BufferHolder {
  established = false;
  protocol = '';
  version = '';
  resumed = false;
  owesCloseNotify = false;
  failure: TlsReason | '' = '';
  peerPrincipal: string | null = null;
  validUntilMs = Number.POSITIVE_INFINITY;
  readonly socket: Socket;
  deferred = false;
  readonly #host: TlsHost;
  readonly #role: TlsRole;
  readonly #handshake: TlsHandshake;
  ssl: bigint;
  busy = false;
  buffered = false;
  /** OpenSSL has to write before it reads on (the answer to a key update, say). */
  #readsWhenWritable = false;
  /** OpenSSL holds records already, of which epoll does not know. */
  #hasMore = false;
  /** The peer's close_notify has been read, but not told to an owner that has paused. */
  #endWaits = false;
  #closeNotifySent = false;
  #sessionStored = false;
  /** A side broke the protocol: the session must not be resumed (RFC 5246 7.2.2). */
  #broken = false;

  constructor(host: TlsHost, socket: Socket, ssl: bigint, role: TlsRole, input: MemoryInput | null) {
    this.#host = host;
    this.socket = socket;
    this.ssl = ssl;
    this.#role = role;
    this.#handshake = new TlsHandshake(socket, ssl, role, input);
  }

  get serverName(): string | null {
    return this.#role.serverName;
  }

  get localPrincipal(): string | null {
    return this.#role.localPrincipal;
  }

  peerChain(): Buffer[] {
    return this.ssl === 0n ? [] : readPeerChain(this.#host.library, this.ssl);
  }

  wanted(): number {
    if (!this.established) return this.#handshake.wants;
    const socket = this.socket;
    const readable = !socket.paused && !socket.readClosed;
    const reading = readable && !this.#readsWhenWritable ? EPOLLIN | EPOLLRDHUP : 0;
    const writing = socket.pending !== null || this.owesCloseNotify || (readable && this.#readsWhenWritable);
    return reading | (writing ? EPOLLOUT : 0);
  }

  dispatch(mask: number): boolean {
    if (!this.established) {
      this.#shakeHands();
      return true;
    }
    const { paused, readClosed } = this.socket;
    if (paused || readClosed) return false;
    if (this.#readsWhenWritable ? mask & EPOLLOUT : mask & (EPOLLIN | EPOLLRDHUP)) this.#read();
    else return (mask & EPOLLOUT) !== 0;
    return true;
  }

  onResume(): void {
    if (this.#hasMore || this.#endWaits) this.#host.atNextTurnEnd(this);
  }

  /** What OpenSSL holds already is read in another turn, so that no connection gets more than its share of this one. */
  onTurnEnd(): void {
    const { fd, dead, paused, readClosed } = this.socket;
    if (fd < 0 || dead || paused || readClosed) return;
    if (this.#endWaits) this.#end();
    else if (this.#hasMore) this.#read();
  }

  send(at: number, length: number): number {
    if (!this.established) return -EAGAIN;
    const { kernel, library, moved, buffers } = this.#host;
    writeRecords(library, kernel, this.ssl, at, length, moved);
    buffers.used(this);
    const { total, state, errno } = moved;
    if (!isFailure(state)) return total > 0 ? total : -EAGAIN;
    const failure = this.#explain(state, errno);
    this.#fail(failure);
    return -failure.errno;
  }

  readLast(): void {
    for (let i = 0; i < MAX_LAST_READS && this.socket.fd >= 0 && !this.socket.paused; i++) {
      const { lib, slab } = this.#host.library;
      const n = lib.SSL_read(this.ssl, slab.pointer(slab.receiveArea, openssl.RECORD_BYTES), openssl.RECORD_BYTES);
      if (n <= 0) break;
      this.#deliver(n);
    }
    this.#host.library.lib.ERR_clear_error();
  }

  sendCloseNotify(): boolean {
    if (!this.established || this.#closeNotifySent || this.#broken) return true;
    this.#closeNotifySent = sendCloseNotify(this.#host.library.lib, this.ssl);
    this.owesCloseNotify = !this.#closeNotifySent;
    return this.#closeNotifySent;
  }

  dispose(): void {
    if (this.ssl === 0n) return;
    const { lib, natives } = this.#host.library;
    this.#storeSession();
    // OpenSSL forbids to resume a session whose connection it did not see end well.
    if (this.established && !this.#broken) lib.SSL_set_shutdown(this.ssl, openssl.SSL_SENT_AND_RECEIVED_SHUTDOWN);
    natives.setConnection(this.socket.slot, 0n);
    lib.SSL_free(this.ssl);
    lib.ERR_clear_error();
    this.ssl = 0n;
  }

  #shakeHands(): void {
    const handshake = this.#handshake;
    const step = handshake.step(this.#host);
    this.#host.buffers.used(this);
    if (step === 'done') this.#establish();
    else if (step === 'waiting') this.#host.interest.refresh(this.socket);
    else if (step === 'failed') this.#die(this.#explain(handshake.state, handshake.errno));
    else this.#die(explainTransport(handshake.errno));
  }

  #establish(): void {
    const { interest, library } = this.#host;
    const { lib } = library;
    const socket = this.socket;
    this.version = copyText(lib.SSL_get_version(this.ssl));
    this.protocol = readProtocol(library, this.ssl);
    this.resumed = lib.SSL_session_reused(this.ssl) === 1;
    lib.ERR_clear_error();
    const objection = this.#role.objection(this.protocol, () => this.peerChain());
    if (objection !== null) {
      this.#broken = true;
      const own = explainRefusal(this.#role);
      return this.#die(own ?? explainOtherName(library, this.ssl, this.#role.expected));
    }
    this.established = true;
    this.peerPrincipal = this.#role.peerPrincipal;
    this.validUntilMs = this.#role.validUntilMs;
    this.#host.firstEndMs = Math.min(this.#host.firstEndMs, this.validUntilMs);
    this.#host.observer.established(this.#role.side, this.resumed);
    socket.connecting = false;
    // The first bytes often come with the end of the handshake, and OpenSSL may have read them with it.
    this.#hasMore = true;
    this.#host.atNextTurnEnd(this);
    // Closed by its owner meanwhile: what waited goes out first.
    if (socket.writeClosed && socket.pending === null) this.owesCloseNotify = true;
    interest.refresh(socket);
    socket.handler.onConnect(socket);
  }

  #read(): void {
    const { kernel, library, moved, buffers } = this.#host;
    readRecords(library, kernel, this.ssl, moved);
    buffers.used(this);
    const { total, state, errno } = moved;
    this.#hasMore = moved.more;
    // Before the owner hears anything: what it does may leave other errors behind.
    const failure = isFailure(state) ? this.#explain(state, errno) : null;
    if (total > 0) this.#deliver(total);
    if (this.socket.fd < 0 || this.socket.dead) return;
    if (failure !== null) this.#die(failure);
    else this.#afterRead(state);
  }

  #afterRead(state: number): void {
    const { interest } = this.#host;
    const mustWrite = state === openssl.SSL_ERROR_WANT_WRITE;
    if (mustWrite !== this.#readsWhenWritable) interest.refresh(this.socket);
    this.#readsWhenWritable = mustWrite;
    if (this.#hasMore) this.#host.atNextTurnEnd(this);
    if (state !== openssl.SSL_ERROR_ZERO_RETURN) return;
    if (this.socket.paused) this.#endWaits = true;
    else this.#end();
  }

  #deliver(length: number): void {
    const socket = this.socket;
    socket.bytesRead += length;
    this.#storeSession();
    socket.handler.onData(socket, this.#host.library.slab.receiveArea, length);
  }

  #end(): void {
    this.#endWaits = false;
    this.#host.interest.markReadClosed(this.socket);
    this.socket.handler.onEnd(this.socket);
  }

  /** A server of TLS 1.3 sends its tickets after the handshake, mostly just before its first bytes. */
  #storeSession(): void {
    if (this.#sessionStored || !this.established || this.#broken) return;
    this.#sessionStored = this.#role.storeSession(this.ssl);
  }

  #explain(state: number, errno: number): Explained {
    this.#broken = true;
    return explainFailure(this.#host.library, this.ssl, state, errno, this.established, this.#role);
  }

  /** Not counted where TCP alone failed under an established connection. */
  #fail({ reason, sentence }: Explained): void {
    this.socket.reason = sentence;
    if (this.failure !== '' || (this.established && reason === 'transport')) return;
    this.failure = reason;
    this.#host.observer.failed(this.#role.side, reason);
  }

  #die(explained: Explained): void {
    this.#fail(explained);
    this.#host.interest.silence(this.socket);
    this.socket.handler.onError(this.socket, explained.errno);
  }
}
