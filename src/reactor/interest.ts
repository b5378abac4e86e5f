import type { DescriptorTable } from './descriptor-table.ts';
import { check } from './errno.ts';
import type { Kernel } from './kernel.ts';
import type { Socket } from './socket.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from './syscalls.ts';

/** What epoll is asked to report of each connection, and the connections that it reports no more because they are dead. */
export class Interest {
  readonly #kernel: Kernel;
  readonly #epoll: number;
  /** Sockets whose interest may have changed in this turn. */
  readonly #stale: Socket[] = [];
  #failed: Socket[] = [];

  /** @throws Error when the system has no descriptor left */
  constructor(kernel: Kernel, descriptors: DescriptorTable) {
    this.#kernel = kernel;
    this.#epoll = check(kernel.epollCreate(), 'epoll_create1');
    descriptors.setEpoll(this.#epoll);
  }

  /** Waits at most `limitMs`; returns the number of events, which the kernel object then holds. */
  wait(limitMs: number): number {
    return this.#kernel.epollWait(this.#epoll, limitMs);
  }

  /** For listeners and wake-ups; connections have `set`. */
  control(operation: number, fd: number, events: number, slot: number, generation: number): number {
    return this.#kernel.epollControl(this.#epoll, operation, fd, events, slot, generation);
  }

  set(socket: Socket, events: number, operation: number): void {
    const r = this.#kernel.epollControl(this.#epoll, operation, socket.fd, events, socket.slot, socket.generation);
    if (r < 0) this.fail(socket, -r);
    else socket.interest = events;
  }

  wanted(socket: Socket): number {
    if (socket.tls !== null) return socket.tls.wanted();
    const reading = socket.paused || socket.readClosed ? 0 : EPOLLIN | EPOLLRDHUP;
    const writing = socket.pending !== null || socket.wantsWritable ? EPOLLOUT : 0;
    return reading | writing;
  }

  /** Interest is brought up to date at the end of the turn: pausing and resuming, or closing, in one turn then cost no call. */
  refresh(socket: Socket): void {
    if (socket.stale) return;
    socket.stale = true;
    this.#stale.push(socket);
  }

  /** Tells epoll what has changed since the last time. */
  apply(): void {
    const stale = this.#stale;
    // V8 leaves its compiled code to set a length: 0.1 us, in every turn.
    if (stale.length === 0) return;
    for (let i = 0; i < stale.length; i++) {
      stale[i].stale = false;
      this.#applyTo(stale[i]);
    }
    stale.length = 0;
  }

  pause(socket: Socket): void {
    if (socket.paused) return;
    socket.paused = true;
    this.refresh(socket);
  }

  resume(socket: Socket): void {
    if (!socket.paused) return;
    socket.paused = false;
    socket.tls?.onResume();
    this.refresh(socket);
  }

  markReadClosed(socket: Socket): void {
    socket.readClosed = true;
    this.refresh(socket);
  }

  setWantsWritable(socket: Socket, wants: boolean): void {
    if (socket.wantsWritable === wants) return;
    socket.wantsWritable = wants;
    this.refresh(socket);
  }

  /** EPOLLHUP cannot be masked: epoll forgets a connection that waits for its owner, until the owner wants something of it. */
  park(socket: Socket): void {
    // Resumed by another connection's event of this very batch: the next turn reports what there is to read.
    if (this.wanted(socket) !== 0) return;
    socket.parked = true;
    socket.interest = 0;
    this.#kernel.epollControl(this.#epoll, EPOLL_CTL_DEL, socket.fd, 0, socket.slot, socket.generation);
  }

  /** A dead connection would report EPOLLHUP for ever: it hears no events until its owner closes it. */
  silence(socket: Socket): void {
    if (socket.fd < 0 || socket.dead) return;
    socket.dead = true;
    this.#kernel.epollControl(this.#epoll, EPOLL_CTL_DEL, socket.fd, 0, socket.slot, socket.generation);
  }

  /** Remembers a failure found while writing; it is reported at the end of the turn, so that writers are never re-entered. */
  fail(socket: Socket, error: number): void {
    if (socket.fd < 0 || socket.dead) return;
    socket.failure = error;
    this.silence(socket);
    this.#failed.push(socket);
  }

  get hasFailures(): boolean {
    return this.#failed.length > 0;
  }

  takeFailed(): readonly Socket[] {
    const failed = this.#failed;
    this.#failed = [];
    return failed;
  }

  #applyTo(socket: Socket): void {
    if (socket.fd < 0 || socket.unregistered || socket.dead) return;
    if (socket.connecting && socket.tls === null) return;
    const wanted = this.wanted(socket);
    if (socket.parked) {
      if (wanted === 0) return;
      socket.parked = false;
      this.set(socket, wanted, EPOLL_CTL_ADD);
    } else if (wanted !== socket.interest) this.set(socket, wanted, EPOLL_CTL_MOD);
  }
}
