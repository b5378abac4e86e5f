/**
 * The kernel as the reactor sees it: descriptors and slab offsets in, `>= 0` or `-errno` out. The raw calls are passed in, so
 * that tests can provoke EAGAIN, EINTR, short counts and resets at every single one.
 */
import { EINTR } from './errno.ts';
import type { Slab } from './slab.ts';
import { readSockAddr, SOCKADDR_BYTES, type SockAddr, writeSockAddr } from './socket-address.ts';
import * as sys from './syscalls.ts';

/** Bytes of one struct epoll_event: packed on x86-64 only (linux/eventpoll.h). */
const EPOLL_EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const EPOLL_DATA_OFFSET = process.arch === 'x64' ? 4 : 8;
/** Events taken per epoll_wait: bounded work per turn. */
export const MAX_EVENTS = 256;

/** Place of tcpi_unacked in struct tcp_info (linux/tcp.h). */
const UNACKED = 24;

/** Layout of the scratch area. */
const OPTION = 0;
const OPTION_LENGTH = 64;
const ADDRESS = 128;
const ADDRESS_LENGTH = 192;
const EVENT = 256;
const EVENTS = 512;

export class Kernel {
  readonly slab: Slab;
  readonly #calls: sys.RawCalls;
  readonly #optionPointer: bigint;
  readonly #optionLengthPointer: bigint;
  readonly #addressPointer: bigint;
  readonly #addressLengthPointer: bigint;
  readonly #eventPointer: bigint;
  readonly #eventsPointer: bigint;
  readonly #eventsAt: number;

  constructor(slab: Slab, calls: sys.RawCalls = sys.bindCalls()) {
    this.slab = slab;
    this.#calls = calls;
    const at = (offset: number, length: number) => slab.pointer(slab.scratch + offset, length);
    this.#optionPointer = at(OPTION, 64);
    this.#optionLengthPointer = at(OPTION_LENGTH, 4);
    this.#addressPointer = at(ADDRESS, SOCKADDR_BYTES);
    this.#addressLengthPointer = at(ADDRESS_LENGTH, 4);
    this.#eventPointer = at(EVENT, 16);
    this.#eventsPointer = at(EVENTS, MAX_EVENTS * EPOLL_EVENT_BYTES);
    this.#eventsAt = slab.scratch + EVENTS;
  }

  socket(family: 4 | 6): number {
    const domain = family === 4 ? sys.AF_INET : sys.AF_INET6;
    return this.#result(this.#calls.socket(domain, sys.SOCK_STREAM | sys.SOCK_NONBLOCK | sys.SOCK_CLOEXEC, 0));
  }

  /** For questions to netfilter, which the kernel answers at once. */
  netfilterSocket(): number {
    const type = sys.SOCK_RAW | sys.SOCK_NONBLOCK | sys.SOCK_CLOEXEC;
    return this.#result(this.#calls.socket(sys.AF_NETLINK, type, sys.NETLINK_NETFILTER));
  }

  bind(fd: number, address: SockAddr): number {
    const length = writeSockAddr(this.slab, this.slab.scratch + ADDRESS, address);
    return this.#result(this.#calls.bind(fd, this.#addressPointer, length));
  }

  listen(fd: number, backlog: number): number {
    return this.#result(this.#calls.listen(fd, backlog));
  }

  /** Accepts a non-blocking connection; the peer's address is then in `acceptedPeer()`. */
  accept(fd: number): number {
    this.slab.view.setUint32(this.slab.scratch + ADDRESS_LENGTH, SOCKADDR_BYTES, true);
    const flags = sys.SOCK_NONBLOCK | sys.SOCK_CLOEXEC;
    return this.#result(this.#calls.accept4(fd, this.#addressPointer, this.#addressLengthPointer, flags));
  }

  /** Address of the peer of the last successful accept; null if it is not an IP peer. */
  acceptedPeer(): SockAddr | null {
    return readSockAddr(this.slab, this.slab.scratch + ADDRESS);
  }

  /** The address a socket is bound to; null if it is not an IP socket. */
  localAddress(fd: number): SockAddr | null {
    this.slab.view.setUint32(this.slab.scratch + ADDRESS_LENGTH, SOCKADDR_BYTES, true);
    const r = this.#calls.getsockname(fd, this.#addressPointer, this.#addressLengthPointer);
    return r < 0 ? null : readSockAddr(this.slab, this.slab.scratch + ADDRESS);
  }

  /** Starts connecting: 0 done, -EINPROGRESS under way. */
  connect(fd: number, address: SockAddr): number {
    const length = writeSockAddr(this.slab, this.slab.scratch + ADDRESS, address);
    return this.#result(this.#calls.connect(fd, this.#addressPointer, length));
  }

  /** Up to `length` bytes to `offset`; 0 = the peer sent FIN. */
  receive(fd: number, offset: number, length: number): number {
    const pointer = this.slab.pointer(offset, length);
    // recv(2) and send(2) come to the socket sooner than read(2) and write(2): 60 ns each (measured).
    const n = this.#calls.recv(fd, pointer, length, 0);
    if (n >= 0) return n;
    const errno = this.#calls.errnoCell[0];
    return errno === EINTR ? this.receive(fd, offset, length) : -errno;
  }

  send(fd: number, offset: number, length: number): number {
    const pointer = this.slab.pointer(offset, length);
    const n = this.#calls.send(fd, pointer, length, sys.MSG_NOSIGNAL);
    if (n >= 0) return n;
    const errno = this.#calls.errnoCell[0];
    return errno === EINTR ? this.send(fd, offset, length) : -errno;
  }

  shutdownWrite(fd: number): number {
    return this.#result(this.#calls.shutdown(fd, sys.SHUT_WR));
  }

  close(fd: number): number {
    return this.#result(this.#calls.close(fd));
  }

  duplicate(fd: number): number {
    return this.#result(this.#calls.dup(fd));
  }

  setOption(fd: number, level: number, option: number, value: number): number {
    this.slab.view.setInt32(this.slab.scratch + OPTION, value, true);
    return this.#result(this.#calls.setsockopt(fd, level, option, this.#optionPointer, 4));
  }

  /** close(2) will send RST: SO_LINGER on, 0 s. */
  lingerZero(fd: number): number {
    this.slab.view.setInt32(this.slab.scratch + OPTION, 1, true);
    this.slab.view.setInt32(this.slab.scratch + OPTION + 4, 0, true);
    return this.#result(this.#calls.setsockopt(fd, sys.SOL_SOCKET, sys.SO_LINGER, this.#optionPointer, 8));
  }

  /** The pending error of a socket as a positive errno, 0 if none (SO_ERROR; reading clears it). */
  takeSocketError(fd: number): number {
    this.slab.view.setUint32(this.slab.scratch + OPTION_LENGTH, 4, true);
    const { SOL_SOCKET, SO_ERROR } = sys;
    const r = this.#calls.getsockopt(fd, SOL_SOCKET, SO_ERROR, this.#optionPointer, this.#optionLengthPointer);
    return r < 0 ? this.#calls.errnoCell[0] : this.slab.view.getInt32(this.slab.scratch + OPTION, true);
  }

  /** Whether TCP is in the state ESTABLISHED: neither side has sent FIN, nor RST (tcp(7) TCP_INFO; linux/tcp_states.h). */
  isEstablished(fd: number): boolean {
    const { view, scratch } = this.slab;
    view.setUint32(scratch + OPTION_LENGTH, 1, true);
    const r = this.#calls.getsockopt(fd, sys.SOL_TCP, sys.TCP_INFO, this.#optionPointer, this.#optionLengthPointer);
    return r === 0 && view.getUint8(scratch + OPTION) === sys.TCP_ESTABLISHED;
  }

  /** Segments that the peer's kernel has not acknowledged (linux/tcp.h tcp_info, tcpi_unacked); -1 = not known. */
  unacknowledged(fd: number): number {
    const { view, scratch } = this.slab;
    view.setUint32(scratch + OPTION_LENGTH, UNACKED + 4, true);
    const r = this.#calls.getsockopt(fd, sys.SOL_TCP, sys.TCP_INFO, this.#optionPointer, this.#optionLengthPointer);
    return r === 0 ? view.getUint32(scratch + OPTION + UNACKED, true) : -1;
  }

  /** What the peer dialled before REDIRECT (linux/netfilter_ipv4.h SO_ORIGINAL_DST); null when not redirected. */
  originalDestination(fd: number, family: 4 | 6): SockAddr | null {
    this.slab.view.setUint32(this.slab.scratch + ADDRESS_LENGTH, SOCKADDR_BYTES, true);
    const level = family === 4 ? sys.SOL_IP : sys.SOL_IPV6;
    const option = sys.SO_ORIGINAL_DST;
    const r = this.#calls.getsockopt(fd, level, option, this.#addressPointer, this.#addressLengthPointer);
    return r < 0 ? null : readSockAddr(this.slab, this.slab.scratch + ADDRESS);
  }

  epollCreate(): number {
    return this.#result(this.#calls.epoll_create1(sys.SOCK_CLOEXEC));
  }

  /** `slot` and `generation` come back with every event. */
  epollControl(epoll: number, operation: number, fd: number, events: number, slot: number, generation: number): number {
    const { view, scratch } = this.slab;
    view.setUint32(scratch + EVENT, events, true);
    view.setUint32(scratch + EVENT + EPOLL_DATA_OFFSET, slot, true);
    view.setUint32(scratch + EVENT + EPOLL_DATA_OFFSET + 4, generation, true);
    return this.#result(this.#calls.epoll_ctl(epoll, operation, fd, this.#eventPointer));
  }

  epollWait(epoll: number, timeoutMs: number): number {
    const n = this.#calls.epoll_wait(epoll, this.#eventsPointer, MAX_EVENTS, timeoutMs);
    if (n >= 0) return n;
    const errno = this.#calls.errnoCell[0];
    return errno === EINTR ? 0 : -errno;
  }

  eventMask(index: number): number {
    return this.slab.view.getUint32(this.#eventsAt + index * EPOLL_EVENT_BYTES, true);
  }
  eventSlot(index: number): number {
    return this.slab.view.getUint32(this.#eventsAt + index * EPOLL_EVENT_BYTES + EPOLL_DATA_OFFSET, true);
  }
  eventGeneration(index: number): number {
    return this.slab.view.getUint32(this.#eventsAt + index * EPOLL_EVENT_BYTES + EPOLL_DATA_OFFSET + 4, true);
  }

  eventDescriptor(): number {
    return this.#result(this.#calls.eventfd(0, sys.SOCK_NONBLOCK | sys.SOCK_CLOEXEC));
  }

  /** Empties an eventfd. */
  drainEvent(fd: number): number {
    return this.#result(this.#calls.read(fd, this.#optionPointer, 8));
  }

  /** Adds 1 to an eventfd: wakes the thread that waits for it. */
  signalEvent(fd: number): number {
    this.slab.view.setUint32(this.slab.scratch + OPTION, 1, true);
    this.slab.view.setUint32(this.slab.scratch + OPTION + 4, 0, true);
    return this.#result(this.#calls.write(fd, this.#optionPointer, 8));
  }

  /** A non-blocking pipe; its ends are then in `pipeEnds()`. */
  pipe(): number {
    return this.#result(this.#calls.pipe2(this.#optionPointer, sys.SOCK_NONBLOCK | sys.SOCK_CLOEXEC));
  }
  pipeEnds(): { readonly read: number; readonly write: number } {
    const at = this.slab.scratch + OPTION;
    return { read: this.slab.view.getInt32(at, true), write: this.slab.view.getInt32(at + 4, true) };
  }
  /** Asks for a pipe of `bytes`; a smaller limit of the system is accepted silently. */
  setPipeSize(fd: number, bytes: number): number {
    return this.#result(this.#calls.fcntl(fd, sys.F_SETPIPE_SZ, bytes));
  }

  /** Moves bytes between a socket and a pipe inside the kernel (splice(2)). */
  splice(from: number, to: number, length: number): number {
    const r = this.#result(this.#calls.splice(from, 0n, to, 0n, length, sys.SPLICE_F_MOVE_NONBLOCK));
    // A pending signal interrupts splice even without blocking (fs/splice.c, splice_from_pipe_next).
    return r === -EINTR ? this.splice(from, to, length) : r;
  }

  /** errno of this thread, for calls that OpenSSL makes. */
  get errno(): number {
    return this.#calls.errnoCell[0];
  }
  clearErrno(): void {
    this.#calls.errnoCell[0] = 0;
  }

  #result(r: number): number {
    return r >= 0 ? r : -this.#calls.errnoCell[0];
  }
}
