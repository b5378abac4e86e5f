/**
 * The data thread's event loop: level-triggered epoll, bounded work per connection and turn, bounded buffers in both
 * directions, FIN and RST kept apart. It knows nothing of protocols.
 */

import { DelayQueue } from './delay-queue.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import * as errno from './errno.ts';
import type { Kernel } from './kernel.ts';
import { discard, enqueue, flush } from './output-queue.ts';
import { RECEIVE_BYTES, type Slab, SlabExhausted } from './slab.ts';
import { Socket, type SocketHandler } from './socket.ts';
import type { SockAddr } from './socket-address.ts';
import type { SplicePipe } from './splice-pipe.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  SO_KEEPALIVE,
  SO_MARK,
  SOL_SOCKET,
  SOL_TCP,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
} from './syscalls.ts';
import { TICK_MS, type Timed, TimerWheel } from './timer-wheel.ts';

/** Connections accepted per listener and turn: new clients never starve established ones. */
const ACCEPTS_PER_TURN = 32;
/** A retry may fail at once and be retried: bounded, the rest waits for the next turn. */
const MAX_SETTLE_ROUNDS = 16;
/** First probe after this much silence, then one each interval, in seconds (tcp(7)). */
const KEEPALIVE_IDLE_S = 300;
const KEEPALIVE_INTERVAL_S = 30;
/** A listener that cannot accept (no memory, no descriptor even with the reserve) is left alone for this long. */
const ACCEPT_PAUSE_MS = 100;
/** Reads of what a peer had sent before it reset the connection; more than any receive buffer holds. */
const MAX_LAST_READS = 256;

export interface ListenerHandler {
  readonly family: 4 | 6;
  /** Takes over an accepted connection. `destination` is null when the connection was not redirected to us. */
  onAccept(socket: Socket, destination: SockAddr | null): void;
  /** A connection was refused for lack of descriptors, memory or places (errno, or 0 = our own limit). */
  onShed(errno: number): void;
}

interface Listener extends Timed {
  readonly fd: number;
  readonly handler: ListenerHandler;
  pause(): void;
}

/** What a slot of the table holds. */
type Slot = Socket | Listener | { readonly wake: () => void; readonly fd: number } | null;

export class Reactor {
  readonly kernel: Kernel;
  readonly slab: Slab;
  readonly descriptors: DescriptorTable;
  /** Entries that wait the fixed delay given at construction (the sniffing silence). */
  readonly silence: DelayQueue;
  /** ms, monotonic, read once per turn. */
  now: number;
  readonly #wheel: TimerWheel;
  readonly #epoll: number;
  readonly #slots: Slot[];
  readonly #generations: Uint32Array;
  readonly #free: number[] = [];
  #highest = 0;
  #freed: number[] = [];
  #dialled: Socket[] = [];
  /** Sockets whose interest may have changed in this turn. */
  readonly #stale: Socket[] = [];
  /** Owner of a connection that only waits for its last bytes to leave. */
  readonly #flushing = handlerOf((socket) => this.reset(socket));
  /** Owner of a connection whose peer has got its last answer. */
  readonly #discarding: SocketHandler = {
    ...handlerOf((socket) => this.reset(socket)),
    onDrain: (socket) => this.#wheel.schedule(socket, this.now + LINGER_MS),
    onEnd: (socket) => this.close(socket),
    onTimeout: (socket) => this.#destroy(socket),
  };
  /** Owner of a connection between accept and `onAccept`. */
  readonly #ignoring = handlerOf((socket) => this.reset(socket));
  #failed: Socket[] = [];
  #open = 0;
  #running = true;
  /** Called at the end of every turn. */
  onTurn: () => void = () => {};
  /** A handler threw: a bug. Its connection is reported dead (ECONNABORTED) and reset, the others go on. */
  onHandlerError: (error: unknown) => void = (error) => {
    throw error;
  };

  /** @param silenceMs delay of `silence` in ms. */
  constructor(kernel: Kernel, descriptors: DescriptorTable, silenceMs: number) {
    this.kernel = kernel;
    this.slab = kernel.slab;
    this.descriptors = descriptors;
    this.now = performance.now();
    this.silence = new DelayQueue(silenceMs);
    this.#wheel = new TimerWheel(this.now);
    this.#slots = new Array<Slot>(descriptors.size).fill(null);
    this.#generations = new Uint32Array(descriptors.size);
    this.#epoll = check(kernel.epollCreate(), 'epoll_create1');
    descriptors.setEpoll(this.#epoll);
  }

  get openSockets(): number {
    return this.#open;
  }

  // === listeners and wake-up ===

  /** Begins accepting on an already listening descriptor. */
  addListener(fd: number, handler: ListenerHandler): void {
    const slot = this.#takeSlot();
    if (slot < 0) throw new Error('no place left for a listener');
    const watch = (operation: number, events: number): number =>
      this.kernel.epollControl(this.#epoll, operation, fd, events, slot, this.#generations[slot]);
    const listener: Listener = {
      fd,
      handler,
      deadline: 0,
      wheelTick: -1,
      pause: () => watch(EPOLL_CTL_MOD, 0),
      onDeadline: () => {
        if (this.#slots[slot] !== listener) return;
        this.descriptors.takeReserve(this.kernel);
        watch(EPOLL_CTL_MOD, EPOLLIN);
      },
    };
    this.#slots[slot] = listener;
    check(watch(EPOLL_CTL_ADD, EPOLLIN), 'epoll_ctl');
  }

  /** Stops accepting on every listener; the descriptors stay open for whoever owns them. */
  stopAccepting(): void {
    for (let i = 0; i < this.#highest; i++) {
      const entry = this.#slots[i];
      if (entry === null || entry instanceof Socket || !('handler' in entry)) continue;
      // Not merely masked: a listener that its owner shuts down would report EPOLLHUP for ever.
      this.kernel.epollControl(this.#epoll, EPOLL_CTL_DEL, entry.fd, 0, i, this.#generations[i]);
      this.#slots[i] = null;
      this.#freed.push(i);
    }
  }

  /** Runs `wake` in the loop whenever the eventfd is signalled. */
  addWake(fd: number, wake: () => void): void {
    const slot = this.#takeSlot();
    if (slot < 0) throw new Error('no place left for a wake-up');
    this.#slots[slot] = { fd, wake };
    check(
      this.kernel.epollControl(this.#epoll, EPOLL_CTL_ADD, fd, EPOLLIN, slot, this.#generations[slot]),
      'epoll_ctl',
    );
  }

  // === connections ===

  /**
   * Starts a connection. `onConnect` or `onError` follows, never before this returns.
   * @param mark SO_MARK for the packets, 0 = none
   * @returns the connection, or a positive errno when it could not even be started
   */
  dial(address: SockAddr, mark: number, handler: SocketHandler): Socket | number {
    const slot = this.#takeSlot();
    if (slot < 0) return errno.ENFILE;
    const fd = this.kernel.socket(address.family);
    if (fd < 0) {
      this.#free.push(slot);
      return -fd;
    }
    this.descriptors.set(slot, fd);
    this.kernel.setOption(fd, SOL_TCP, TCP_NODELAY, 1);
    // Without its mark the connection would be captured again and come back to us: rather not at all.
    const marked = mark === 0 ? 0 : this.kernel.setOption(fd, SOL_SOCKET, SO_MARK, mark);
    const r = marked < 0 ? marked : this.kernel.connect(fd, address);
    if (r < 0 && r !== -errno.EINPROGRESS) {
      this.#discard(slot, fd);
      return -r;
    }
    const socket = this.#adopt(fd, slot, handler, address);
    socket.connecting = true;
    // Over loopback the handshake is already done: a first write in this turn then needs no further event (3 calls saved).
    socket.unregistered = true;
    this.#dialled.push(socket);
    return socket;
  }

  /**
   * Sends `length` bytes from slab offset `at`. What the kernel does not take is copied and sent later.
   * @returns true when everything is handed over; false: stop producing until `onDrain`
   */
  write(socket: Socket, at: number, length: number): boolean {
    if (socket.fd < 0 || socket.writeClosed || length === 0) return true;
    if (socket.dead) {
      // Refused earlier in this turn and not yet reported: these bytes were not delivered either.
      if (socket.connecting) this.#keep(socket, at, length);
      return true;
    }
    if (socket.pending !== null) return this.#enqueue(socket, at, length);
    const n = this.kernel.send(socket.fd, at, length);
    if (n >= 0 && socket.connecting) this.#connectedByWrite(socket);
    if (n === length) {
      socket.bytesWritten += n;
      return true;
    }
    if (n >= 0) {
      socket.bytesWritten += n;
      return this.#enqueue(socket, at + n, length - n);
    }
    if (n === -errno.EAGAIN) return this.#enqueue(socket, at, length);
    this.#fail(socket, -n);
    // Refused while connecting: the bytes were not delivered and may go elsewhere (see movePending).
    if (socket.connecting) this.#keep(socket, at, length);
    return true;
  }

  /** Hands the bytes that a failed connection never sent to another one, on which nothing was written yet. */
  movePending(from: Socket, to: Socket): void {
    // Some of the bytes found no room: going on without them would corrupt the stream.
    if (from.failure === errno.ENOBUFS) return this.#fail(to, errno.ENOBUFS);
    to.pending = to.pending === null ? from.pending : to.pending.concat(from.pending ?? []);
    to.pendingBytes += from.pendingBytes;
    from.pending = null;
    from.pendingBytes = 0;
    if (from.writeClosed) this.end(to);
    this.#refreshInterest(to);
  }

  /** Sends FIN after everything written so far; reading goes on. */
  end(socket: Socket): void {
    if (socket.fd < 0 || socket.writeClosed) return;
    socket.writeClosed = true;
    if (socket.pending === null && !socket.connecting && !socket.dead) this.kernel.shutdownWrite(socket.fd);
  }

  /** Stops reading: the peer is slowed down by its own window. */
  pause(socket: Socket): void {
    if (socket.paused) return;
    socket.paused = true;
    this.#refreshInterest(socket);
  }

  resume(socket: Socket): void {
    if (!socket.paused) return;
    socket.paused = false;
    this.#refreshInterest(socket);
  }

  /** Hands readiness instead of bytes to the owner, who moves them with splice through `pipe` and closes it. Nothing may be pending. */
  setRaw(socket: Socket, pipe: SplicePipe): void {
    socket.raw = true;
    this.descriptors.setPipe(socket.slot, pipe.descriptors.read, pipe.descriptors.write);
  }

  /** Raw mode: the owner has met the peer's FIN. */
  markReadClosed(socket: Socket): void {
    socket.readClosed = true;
    this.#refreshInterest(socket);
  }

  /** Lets the kernel probe a silent peer, so that a dead one is noticed after minutes instead of never. */
  enableKeepAlive(socket: Socket): void {
    if (socket.fd < 0) return;
    this.kernel.setOption(socket.fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    this.kernel.setOption(socket.fd, SOL_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    this.kernel.setOption(socket.fd, SOL_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
  }

  /** Raw mode: ask for `onWritable`. */
  setWantsWritable(socket: Socket, wants: boolean): void {
    if (socket.wantsWritable === wants) return;
    socket.wantsWritable = wants;
    this.#refreshInterest(socket);
  }

  /** Closes after the pending bytes are out. The handler hears nothing more. */
  close(socket: Socket): void {
    if (socket.fd < 0) return;
    if (socket.pending !== null && !socket.dead) {
      socket.closeWhenFlushed = true;
      socket.writeClosed = true;
      socket.released = true;
      socket.handler = this.#flushing;
      socket.paused = true;
      this.#wheel.schedule(socket, this.now + FLUSH_LIMIT_MS);
      this.#refreshInterest(socket);
      return;
    }
    this.#destroy(socket);
  }

  /**
   * Closes without losing what was written: when the peer is still sending, close(2) alone would answer with RST, which can
   * destroy the last answer on its way. FIN after the pending bytes, then up to a second of discarding what still arrives.
   */
  closeGently(socket: Socket): void {
    if (socket.fd < 0) return;
    if (socket.readClosed || socket.dead) return this.close(socket);
    this.end(socket);
    socket.released = true;
    socket.handler = this.#discarding;
    this.#wheel.schedule(socket, this.now + (socket.pending === null ? LINGER_MS : FLUSH_LIMIT_MS));
    this.resume(socket);
  }

  /** Closes with RST at once. The handler hears nothing more. */
  reset(socket: Socket): void {
    if (socket.fd < 0) return;
    this.kernel.lingerZero(socket.fd);
    this.#destroy(socket);
  }

  /** (Re)starts the connection's one timer; fires `onTimeout` 0..TICK_MS late. */
  setTimer(socket: Socket, ms: number): void {
    if (socket.fd < 0 || socket.released) return;
    this.#wheel.schedule(socket, this.now + ms);
  }

  clearTimer(socket: Socket): void {
    if (!socket.released) socket.deadline = 0;
  }

  /** Schedules anything else on the same wheel, `ms` from now. */
  schedule(timed: Timed, ms: number): void {
    this.#wheel.schedule(timed, this.now + ms);
  }

  /** Ends every connection with RST and closes every descriptor of the thread, for its end. No handler is called. */
  closeAll(): void {
    this.forEachSocket((socket) => {
      discard(this.slab, socket);
      socket.fd = -1;
    });
    this.#slots.fill(null);
    this.#open = 0;
    this.descriptors.closeAll(this.kernel);
  }

  /** Runs `callback` for every open connection. */
  forEachSocket(callback: (socket: Socket) => void): void {
    for (let i = 0; i < this.#highest; i++) {
      const entry = this.#slots[i];
      if (entry instanceof Socket) callback(entry);
    }
  }

  // === the loop ===

  /** Runs until `stop`. Never returns to Node's event loop meanwhile. */
  run(): void {
    while (this.#running) this.turn(TICK_MS);
  }

  stop(): void {
    this.#running = false;
  }

  /** One turn: waits at most `limitMs` for events and handles them. */
  turn(limitMs: number): void {
    if (this.#stale.length > 0) this.#applyInterests();
    // What was dialled or failed after the last turn had looked is taken up at once.
    const urgent = this.#dialled.length > 0 || this.#failed.length > 0;
    const n = this.kernel.epollWait(this.#epoll, urgent ? 0 : this.silence.untilNext(this.now, limitMs));
    this.now = performance.now();
    for (let i = 0; i < n; i++) {
      const slot = this.kernel.eventSlot(i);
      const entry = this.#slots[slot];
      if (entry === null || this.#generations[slot] !== this.kernel.eventGeneration(i)) continue;
      if (entry instanceof Socket) this.#dispatchSafely(entry, this.kernel.eventMask(i));
      else if ('handler' in entry) this.#guard(() => this.#accept(entry));
      else {
        this.kernel.drainEvent(entry.fd);
        this.#guard(entry.wake);
      }
    }
    // Before the timers: a connection that already took bytes must not be told that connecting timed out.
    if (this.#dialled.length > 0) this.#registerDialled();
    this.silence.advance(this.now, this.#timerThrew);
    this.#wheel.advance(this.now, this.#timerThrew);
    this.#settleTurn();
    if (this.#freed.length > 0) this.#recycle();
    this.onTurn();
  }

  /** Connections dialled and failures found in this turn; handling one may cause the other, so both until nothing is left. */
  #settleTurn(): void {
    for (let round = 0; round < MAX_SETTLE_ROUNDS; round++) {
      if (this.#dialled.length > 0) this.#registerDialled();
      if (this.#failed.length > 0) this.#reportFailures();
      if (this.#stale.length > 0) this.#applyInterests();
      if (this.#failed.length === 0 && this.#dialled.length === 0) return;
    }
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.onHandlerError(error);
    }
  }

  #dispatchSafely(socket: Socket, mask: number): void {
    try {
      this.#dispatch(socket, mask);
    } catch (error) {
      this.#abandon(socket, error);
    }
  }

  /** A handler threw. Its owner hears that the connection is dead, so that it lets go of whatever belongs to it. */
  #abandon(socket: Socket, error: unknown): void {
    this.onHandlerError(error);
    if (socket.fd < 0) return;
    this.#silenceEvents(socket);
    try {
      socket.handler.onError(socket, errno.ECONNABORTED);
    } catch (again) {
      this.onHandlerError(again);
    }
    this.reset(socket);
  }

  readonly #timerThrew = (timed: object, error: unknown): void => {
    if (timed instanceof Socket) this.#abandon(timed, error);
    else this.onHandlerError(error);
  };

  #dispatch(socket: Socket, mask: number): void {
    // A write earlier in this batch found it dead, and thereby took the error: a read would now take the RST for a FIN.
    if (socket.dead) return;
    // Connected by a write earlier in this batch: `onConnect` comes first, epoll reports the rest again.
    if (socket.unannounced) return;
    if (socket.connecting) return this.#finishConnect(socket);
    if (socket.raw) return this.#dispatchRaw(socket, mask);
    if (mask & EPOLLOUT) {
      this.#flush(socket);
      if (socket.fd < 0 || socket.dead || socket.raw) return;
    }
    if (mask & (EPOLLIN | EPOLLRDHUP) && !socket.paused && !socket.readClosed) return this.#read(socket);
    if (mask & EPOLLERR) this.#hangUp(socket);
    else if (mask & EPOLLHUP) this.#park(socket);
  }

  #dispatchRaw(socket: Socket, mask: number): void {
    if (mask & EPOLLERR) return this.#hangUp(socket);
    if (mask & EPOLLOUT && socket.wantsWritable) socket.handler.onWritable(socket);
    if (socket.fd < 0 || socket.dead || !socket.raw) return;
    if (mask & (EPOLLIN | EPOLLRDHUP) && !socket.paused && !socket.readClosed) socket.handler.onReadable(socket);
    else if (mask & EPOLLHUP) this.#park(socket);
  }

  /**
   * Both directions are shut but the owner still has unread bytes or work on the other side. EPOLLHUP cannot be masked, so
   * epoll forgets the connection until `resume`.
   */
  #park(socket: Socket): void {
    if (socket.readClosed) return this.#finishBoth(socket);
    // Resumed by another connection's event of this very batch: the next turn reports what there is to read.
    if (this.#wantedInterest(socket) !== 0) return;
    socket.parked = true;
    socket.interest = 0;
    this.kernel.epollControl(this.#epoll, EPOLL_CTL_DEL, socket.fd, 0, socket.slot, socket.generation);
  }

  /** Makes the connections dialled in this turn known to epoll; those that already took a write are connected. */
  #registerDialled(): void {
    const dialled = this.#dialled;
    this.#dialled = [];
    for (const socket of dialled) {
      const isNew = socket.unregistered;
      socket.unregistered = false;
      socket.unannounced = false;
      if (socket.fd < 0) continue;
      if (!isNew) this.#refreshInterest(socket);
      else if (!socket.dead) {
        this.#setInterest(socket, socket.connecting ? EPOLLOUT : this.#wantedInterest(socket), EPOLL_CTL_ADD);
      }
      if (socket.connecting) continue;
      try {
        socket.handler.onConnect(socket);
      } catch (error) {
        this.#abandon(socket, error);
      }
    }
  }

  /** The kernel took bytes: the handshake is over before its event was seen. `onConnect` follows at the end of the turn. */
  #connectedByWrite(socket: Socket): void {
    socket.connecting = false;
    if (socket.unregistered) return;
    socket.unannounced = true;
    this.#dialled.push(socket);
  }

  #finishConnect(socket: Socket): void {
    const error = this.kernel.takeSocketError(socket.fd);
    socket.connecting = false;
    if (error !== 0) {
      this.#silenceEvents(socket);
      socket.handler.onError(socket, error);
      return;
    }
    if (socket.pending === null && socket.writeClosed) this.kernel.shutdownWrite(socket.fd);
    this.#refreshInterest(socket);
    socket.handler.onConnect(socket);
    if (socket.pending !== null) this.#flush(socket);
  }

  #read(socket: Socket): void {
    const { slab } = this;
    // When buffers run short, small reads keep every connection moving instead of failing some.
    const length = slab.freeLargeChunks > 8 ? RECEIVE_BYTES : 4096;
    const n = this.kernel.receive(socket.fd, slab.receiveArea, length);
    if (n > 0) {
      socket.bytesRead += n;
      socket.handler.onData(socket, slab.receiveArea, n);
    } else if (n === 0) {
      socket.readClosed = true;
      this.#refreshInterest(socket);
      socket.handler.onEnd(socket);
    } else if (n !== -errno.EAGAIN) {
      this.#silenceEvents(socket);
      socket.handler.onError(socket, -n);
    }
  }

  /** Both sides have seen the other's FIN: a clean end, of which the owner knows; nothing more can happen. */
  #finishBoth(socket: Socket): void {
    const error = this.kernel.takeSocketError(socket.fd);
    if (error !== 0 || !socket.writeClosed) return this.#hangUp(socket, error);
    this.#silenceEvents(socket);
  }

  /** The connection is over in both directions. */
  #hangUp(socket: Socket, error = this.kernel.takeSocketError(socket.fd)): void {
    this.#silenceEvents(socket);
    socket.handler.onError(socket, error === 0 ? errno.EPIPE : error);
  }

  #accept(listener: Listener): void {
    for (let i = 0; i < ACCEPTS_PER_TURN; i++) {
      const fd = this.kernel.accept(listener.fd);
      if (fd < 0) {
        if (fd === -errno.EAGAIN) return;
        // The peer gave up while queued (accept(2) lists these as transient): look at the next one.
        if (fd === -errno.ECONNABORTED || fd === -errno.EPROTO || fd === -errno.EINTR) continue;
        this.#shed(listener, -fd);
        return;
      }
      const peer = this.kernel.acceptedPeer();
      const slot = this.#takeSlot();
      if (slot < 0) {
        this.kernel.lingerZero(fd);
        this.kernel.close(fd);
        listener.handler.onShed(0);
        continue;
      }
      this.descriptors.set(slot, fd);
      const destination = this.kernel.originalDestination(fd, listener.handler.family);
      const socket = this.#adopt(fd, slot, this.#ignoring, peer);
      this.#setInterest(socket, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_ADD);
      try {
        listener.handler.onAccept(socket, destination);
      } catch (error) {
        this.#abandon(socket, error);
      }
    }
  }

  /**
   * Out of descriptors: the reserve lets us take the connection off the queue and refuse it. Where even that fails, the
   * listener pauses, because its queue would keep epoll awake.
   */
  #shed(listener: Listener, error: number): void {
    let refused = -1;
    if (error === errno.EMFILE || error === errno.ENFILE) {
      this.descriptors.releaseReserve(this.kernel);
      refused = this.kernel.accept(listener.fd);
      if (refused >= 0) {
        this.kernel.lingerZero(refused);
        this.kernel.close(refused);
      }
      this.descriptors.takeReserve(this.kernel);
    }
    if (refused < 0) {
      listener.pause();
      this.#wheel.schedule(listener, this.now + ACCEPT_PAUSE_MS);
    }
    listener.handler.onShed(error);
  }

  /** Keeps bytes that a refused connection did not deliver; when they find no room, the failure says so. */
  #keep(socket: Socket, at: number, length: number): void {
    try {
      enqueue(this.slab, socket, at, length);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      socket.failure = errno.ENOBUFS;
    }
  }

  #enqueue(socket: Socket, at: number, length: number): boolean {
    try {
      enqueue(this.slab, socket, at, length);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.#fail(socket, errno.ENOBUFS);
      return true;
    }
    if (!socket.connecting) this.#refreshInterest(socket);
    return false;
  }

  #flush(socket: Socket): void {
    if (socket.fd < 0 || socket.dead) return;
    if (socket.pending !== null) {
      const r = flush(this.kernel, socket, socket.pending);
      if (r < 0) this.#fail(socket, -r);
      if (r <= 0) return;
      if (socket.closeWhenFlushed) return this.#destroy(socket);
      if (socket.writeClosed) this.kernel.shutdownWrite(socket.fd);
      this.#refreshInterest(socket);
      socket.handler.onDrain(socket);
    } else this.#refreshInterest(socket);
  }

  /** Remembers a failure found while writing; it is reported at the end of the turn, so that writers are never re-entered. */
  #fail(socket: Socket, error: number): void {
    if (socket.fd < 0 || socket.dead) return;
    socket.failure = error;
    this.#silenceEvents(socket);
    this.#failed.push(socket);
  }

  #reportFailures(): void {
    const failed = this.#failed;
    this.#failed = [];
    for (const socket of failed) {
      try {
        this.#readLast(socket);
        if (socket.fd >= 0) socket.handler.onError(socket, socket.failure);
      } catch (error) {
        this.#abandon(socket, error);
      }
    }
  }

  /** What the peer had sent before it went away still waits, and is often the answer that says why it went. */
  #readLast(socket: Socket): void {
    if (socket.failure !== errno.EPIPE && socket.failure !== errno.ECONNRESET) return;
    if (socket.connecting || socket.raw || socket.readClosed) return;
    for (let i = 0; i < MAX_LAST_READS && socket.fd >= 0 && !socket.paused; i++) {
      const n = this.kernel.receive(socket.fd, this.slab.receiveArea, RECEIVE_BYTES);
      if (n <= 0) return;
      socket.bytesRead += n;
      socket.handler.onData(socket, this.slab.receiveArea, n);
    }
  }

  // === slots and interest ===

  #wantedInterest(socket: Socket): number {
    const reading = socket.paused || socket.readClosed ? 0 : EPOLLIN | EPOLLRDHUP;
    const writing = socket.pending !== null || socket.wantsWritable ? EPOLLOUT : 0;
    return reading | writing;
  }

  /** Interest is brought up to date at the end of the turn: pausing and resuming, or closing, in one turn then cost no call. */
  #refreshInterest(socket: Socket): void {
    if (socket.stale) return;
    socket.stale = true;
    this.#stale.push(socket);
  }

  #applyInterests(): void {
    const stale = this.#stale;
    for (let i = 0; i < stale.length; i++) {
      stale[i].stale = false;
      this.#applyInterest(stale[i]);
    }
    stale.length = 0;
  }

  #applyInterest(socket: Socket): void {
    if (socket.fd < 0 || socket.connecting || socket.unregistered || socket.dead) return;
    const wanted = this.#wantedInterest(socket);
    if (socket.parked) {
      if (wanted === 0) return;
      socket.parked = false;
      this.#setInterest(socket, wanted, EPOLL_CTL_ADD);
    } else if (wanted !== socket.interest) this.#setInterest(socket, wanted, EPOLL_CTL_MOD);
  }

  /** A dead connection would report EPOLLHUP for ever: it hears no events until its owner closes it. */
  #silenceEvents(socket: Socket): void {
    if (socket.fd < 0 || socket.dead) return;
    socket.dead = true;
    this.kernel.epollControl(this.#epoll, EPOLL_CTL_DEL, socket.fd, 0, socket.slot, socket.generation);
  }

  #setInterest(socket: Socket, events: number, operation: number): void {
    const r = this.kernel.epollControl(this.#epoll, operation, socket.fd, events, socket.slot, socket.generation);
    if (r < 0) this.#fail(socket, -r);
    else socket.interest = events;
  }

  #adopt(fd: number, slot: number, handler: SocketHandler, peer: SockAddr | null): Socket {
    const socket = new Socket(fd, slot, this.#generations[slot], handler, peer);
    this.#slots[slot] = socket;
    this.#open++;
    return socket;
  }

  #destroy(socket: Socket): void {
    const { fd, slot } = socket;
    discard(this.slab, socket);
    this.#wheel.remove(socket);
    socket.fd = -1;
    this.#slots[slot] = null;
    this.#open--;
    this.descriptors.clear(slot);
    if (socket.raw) this.descriptors.clearPipe(slot);
    this.kernel.close(fd);
    // Freed at the end of the turn: events of this batch that still name the slot must find it empty.
    this.#freed.push(slot);
  }

  #discard(slot: number, fd: number): void {
    this.descriptors.clear(slot);
    this.kernel.close(fd);
    this.#free.push(slot);
  }

  #recycle(): void {
    for (const slot of this.#freed) {
      this.#generations[slot]++;
      this.#free.push(slot);
    }
    this.#freed.length = 0;
  }

  #takeSlot(): number {
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    return this.#highest < this.#slots.length ? this.#highest++ : -1;
  }
}

/** How long a peer that got FIN may go on sending into the void. */
const LINGER_MS = 1_000;
/** How long a closing connection may take to hand over its last bytes. */
const FLUSH_LIMIT_MS = 30_000;

/** A handler that ignores everything but the end of the connection. */
function handlerOf(onProblem: (socket: Socket) => void): SocketHandler {
  const nothing = (): void => {};
  return {
    onConnect: nothing,
    onData: nothing,
    onEnd: nothing,
    onDrain: nothing,
    onError: onProblem,
    onTimeout: onProblem,
    onReadable: nothing,
    onWritable: nothing,
  };
}

function check(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: ${errno.describeErrno(-result)}`);
  return result;
}
