import { Acceptor } from './acceptor.ts';
import { Closer } from './closer.ts';
import type { DelayQueue } from './delay-queue.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import { Dialler } from './dialler.ts';
import { Dispatcher } from './dispatcher.ts';
import { check } from './errno.ts';
import { HandlerFaults } from './handler-faults.ts';
import { Interest } from './interest.ts';
import { enableKeepAlive } from './keep-alive.ts';
import type { Kernel } from './kernel.ts';
import type { ListenerHandler } from './listener.ts';
import { Loop } from './loop.ts';
import { discard } from './output-queue.ts';
import { PipePool } from './pipe-pool.ts';
import type { Slab } from './slab.ts';
import { SlotTable } from './slot-table.ts';
import { Socket, type SocketHandler } from './socket.ts';
import type { SockAddr } from './socket-address.ts';
import type { SplicePipe } from './splice-pipe.ts';
import { EPOLL_CTL_ADD, EPOLLIN, SO_RCVLOWAT, SOL_SOCKET } from './syscalls.ts';
import { TICK_MS, type Timed } from './timer-wheel.ts';
import { Timers } from './timers.ts';
import { TlsEngine } from './tls/tls-engine.ts';
import { type TlsObserver, UNOBSERVED } from './tls/tls-observer.ts';
import { type Deferred, TurnEnd } from './turn-end.ts';
import { Writer } from './writer.ts';

/**
 * The data thread's event loop: level-triggered epoll, bounded work per connection and turn, bounded buffers in both
 * directions, FIN and RST kept apart. It knows nothing of protocols. Here is what owners may call; the parts do the work.
 */
export class Reactor {
  readonly kernel: Kernel;
  readonly slab: Slab;
  readonly descriptors: DescriptorTable;
  /** Entries that wait the fixed delay given at construction (the sniffing silence). */
  readonly silence: DelayQueue;
  /** Entries that wait 2 ms: streams whose bytes gather in the kernel. */
  readonly sweeps: DelayQueue;
  /** Pipes for bodies that the kernel moves. */
  readonly pipes: PipePool;
  /** Called at the end of every turn. */
  onTurn: () => void = () => {};
  /** A handler threw: a bug. Its connection is reported dead (ECONNABORTED) and reset, the others go on. */
  onHandlerError: (error: unknown) => void = (error) => {
    throw error;
  };
  /** Hears of TLS handshakes; to be set before the first use of `tls`. */
  tlsObserver: TlsObserver = UNOBSERVED;
  readonly #slots: SlotTable;
  readonly #timers: Timers;
  readonly #interest: Interest;
  readonly #closer: Closer;
  readonly #faults: HandlerFaults;
  readonly #dialler: Dialler;
  readonly #writer: Writer;
  readonly #acceptor: Acceptor;
  readonly #loop: Loop;
  readonly #turnEnd = new TurnEnd();
  #tls: TlsEngine | null = null;
  #running = true;

  /** @param silenceMs delay of `silence` in ms. */
  constructor(kernel: Kernel, descriptors: DescriptorTable, silenceMs: number) {
    this.kernel = kernel;
    this.slab = kernel.slab;
    this.descriptors = descriptors;
    const slots = new SlotTable(descriptors.size);
    const timers = new Timers(silenceMs);
    const interest = new Interest(kernel, descriptors);
    const closer = new Closer(kernel, descriptors, slots, interest, timers);
    const faults = new HandlerFaults(interest, closer, (error) => this.onHandlerError(error));
    const dialler = new Dialler(kernel, descriptors, slots, interest, faults);
    const writer = new Writer(kernel, interest, dialler, closer);
    const dispatcher = new Dispatcher(kernel, interest, writer, faults);
    const acceptor = new Acceptor(kernel, descriptors, slots, interest, timers, closer, faults);
    this.silence = timers.silence;
    this.sweeps = timers.sweeps;
    this.#slots = slots;
    this.#timers = timers;
    this.#interest = interest;
    this.#closer = closer;
    this.#faults = faults;
    this.#dialler = dialler;
    this.#writer = writer;
    this.#acceptor = acceptor;
    this.pipes = new PipePool(kernel, descriptors, slots, (timed, ms) => timers.schedule(timed, ms));
    this.#loop = new Loop(kernel, slots, timers, interest, faults, dialler, dispatcher, acceptor, this.#turnEnd);
  }

  /** ms, monotonic, read once per turn. */
  get now(): number {
    return this.#timers.now;
  }

  get openSockets(): number {
    return this.#slots.openSockets;
  }

  /** Puts TLS on connections, after they were dialled or accepted. Made on first use: without TLS, OpenSSL is never touched. */
  get tls(): TlsEngine {
    const { natives } = this.descriptors;
    this.#tls ??= new TlsEngine(this.kernel, natives, this.#interest, this.#timers, this.#turnEnd, this.tlsObserver);
    return this.#tls;
  }

  // === listeners and wake-up ===

  /** Begins accepting on an already listening descriptor. @throws Error when no place is left */
  addListener(fd: number, handler: ListenerHandler): void {
    this.#acceptor.addListener(fd, handler);
  }

  /** Stops accepting on every listener; the descriptors stay open for whoever owns them. */
  stopAccepting(): void {
    this.#acceptor.stopAccepting();
  }

  /**
   * Runs `wake` in the loop whenever the eventfd was signalled, once for any number of signals. What it throws goes to
   * `onHandlerError`, and the signal is spent: where there is more to do than one thing, `wake` guards each.
   * @throws Error when no place is left
   */
  addWake(fd: number, wake: () => void): void {
    const slot = this.#slots.take();
    if (slot < 0) throw new Error('no place left for a wake-up');
    this.#slots.put(slot, { kind: 'wake', fd, wake });
    check(this.#interest.control(EPOLL_CTL_ADD, fd, EPOLLIN, slot, this.#slots.generationOf(slot)), 'epoll_ctl');
  }

  // === connections ===

  /**
   * Starts a connection. `onConnect` or `onError` follows, never before this returns.
   * @param mark SO_MARK for the packets, 0 = none
   * @returns the connection, or a positive errno when it could not even be started
   */
  dial(address: SockAddr, mark: number, handler: SocketHandler): Socket | number {
    return this.#dialler.dial(address, mark, handler);
  }

  /**
   * Sends `length` bytes from slab offset `at`. What the kernel does not take is copied and sent later.
   * @returns true when everything is handed over; false: stop producing until `onDrain`
   */
  write(socket: Socket, at: number, length: number): boolean {
    return this.#writer.write(socket, at, length);
  }

  /** Hands the bytes that a failed connection never sent to another one, on which nothing was written yet. */
  movePending(from: Socket, to: Socket): void {
    this.#writer.movePending(from, to);
  }

  /** Sends FIN after everything written so far; reading goes on. */
  end(socket: Socket): void {
    this.#closer.end(socket);
  }

  /** Stops reading: the peer is slowed down by its own window. */
  pause(socket: Socket): void {
    this.#interest.pause(socket);
  }

  resume(socket: Socket): void {
    this.#interest.resume(socket);
  }

  /**
   * Hands readiness instead of bytes to the owner, who moves them with splice through `pipe`. Nothing may be pending. The pipe
   * is closed with the connection, after the table that main cleans up by has forgotten it.
   */
  setRaw(socket: Socket, pipe: SplicePipe): void {
    socket.pipe = pipe;
    this.descriptors.setPipe(socket.slot, pipe.descriptors.read, pipe.descriptors.write);
  }

  /** Raw mode: the owner has met the peer's FIN. */
  markReadClosed(socket: Socket): void {
    this.#interest.markReadClosed(socket);
  }

  /** Ask for `onWritable`, while nothing is pending: for a connection that spliced bytes go to, raw or not. */
  setWantsWritable(socket: Socket, wants: boolean): void {
    this.#interest.setWantsWritable(socket, wants);
  }

  /** Readiness is reported once this many bytes wait, or FIN, or the kernel's buffer is full (SO_RCVLOWAT); 1 = as usual. */
  awaitBytes(socket: Socket, bytes: number): void {
    if (socket.fd >= 0) this.kernel.setOption(socket.fd, SOL_SOCKET, SO_RCVLOWAT, bytes);
  }

  /** Reports a failure that the owner met by itself (splice), at the end of the turn, as if a write had met it. */
  fail(socket: Socket, errno: number): void {
    this.#interest.fail(socket, errno);
  }

  /** False when the peer has closed its side or the connection is gone, also where its event is still to be handled. */
  isEstablished(socket: Socket): boolean {
    return socket.fd >= 0 && !socket.dead && !socket.readClosed && this.kernel.isEstablished(socket.fd);
  }

  /**
   * Whether a peer that has sent FIN has read all that we wrote: its kernel acknowledged everything, and would have sent RST
   * instead had its program left some of it unread (RFC 2525 2.17).
   */
  hasReadAll(socket: Socket): boolean {
    if (socket.fd < 0 || !socket.readClosed || socket.tls !== null || socket.pending !== null) return false;
    return this.kernel.unacknowledged(socket.fd) === 0;
  }

  /** Lets the kernel probe a silent peer, so that a dead one is noticed after minutes instead of never. */
  enableKeepAlive(socket: Socket): void {
    if (socket.fd >= 0) enableKeepAlive(this.kernel, socket.fd);
  }

  /** Closes after the pending bytes are out. The handler hears nothing more. */
  close(socket: Socket): void {
    this.#closer.close(socket);
  }

  /**
   * Closes without losing what was written: when the peer is still sending, close(2) alone would answer with RST, which can
   * destroy the last answer on its way. FIN after the pending bytes, then up to a second of discarding what still arrives.
   */
  closeGently(socket: Socket): void {
    this.#closer.closeGently(socket);
  }

  /** Closes with RST at once. The handler hears nothing more. */
  reset(socket: Socket): void {
    this.#closer.reset(socket);
  }

  /** (Re)starts the connection's one timer, counting from `now`, the start of this turn; fires `onTimeout` 0..TICK_MS late. */
  setTimer(socket: Socket, ms: number): void {
    if (socket.fd >= 0 && !socket.released) this.#timers.schedule(socket, ms);
  }

  clearTimer(socket: Socket): void {
    if (!socket.released) socket.deadline = 0;
  }

  /** Schedules anything else on the same wheel, `ms` from `now`. */
  schedule(timed: Timed, ms: number): void {
    this.#timers.schedule(timed, ms);
  }

  /** As `schedule`, 0..FINE_TICK_MS late; taken back by `forgetFine`. */
  scheduleFine(timed: Timed, ms: number): void {
    this.#timers.scheduleFine(timed, ms);
  }

  forgetFine(timed: Timed): void {
    this.#timers.forgetFine(timed);
  }

  /** Runs `work` once, after all events and timers of this turn: what they produce for one peer leaves together. */
  atTurnEnd(work: Deferred): void {
    this.#turnEnd.add(work);
  }

  /** Runs `work` once, after all events and timers of the next turn, which does not wait for any. */
  atNextTurnEnd(work: Deferred): void {
    this.#turnEnd.addLater(work);
  }

  /**
   * Runs what belongs to a connection but is not an event of it (a delay, a message from main): when `work` throws, the
   * connection is given up as if its own handler had thrown.
   */
  runFor(socket: Socket, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#faults.abandon(socket, error);
    }
  }

  /** Runs `callback` for every open connection. */
  forEachSocket(callback: (socket: Socket) => void): void {
    this.#slots.forEach((entry) => {
      if (entry instanceof Socket) callback(entry);
    });
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
    this.#loop.turn(limitMs);
    this.onTurn();
  }

  /** Ends every connection with RST and closes every descriptor of the thread, for its end. No handler is called. */
  closeAll(): void {
    this.forEachSocket((socket) => {
      discard(this.slab, socket);
      socket.fd = -1;
    });
    this.#slots.clear();
    this.descriptors.closeAll(this.kernel);
  }
}
