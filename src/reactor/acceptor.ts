import type { Closer } from './closer.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import * as errno from './errno.ts';
import type { HandlerFaults } from './handler-faults.ts';
import type { Interest } from './interest.ts';
import type { Kernel } from './kernel.ts';
import type { Listener, ListenerHandler } from './listener.ts';
import type { SlotTable } from './slot-table.ts';
import { Socket } from './socket.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN, EPOLLRDHUP } from './syscalls.ts';
import type { Timers } from './timers.ts';

/** Connections accepted per listener and turn: new clients never starve established ones. */
const ACCEPTS_PER_TURN = 32;
/** A listener that cannot accept (no memory, no descriptor even with the reserve) is left alone for this long, in ms. */
const PAUSE_MS = 100;

/** Takes connections off the listeners, and refuses what there is no room for. */
export class Acceptor {
  readonly #kernel: Kernel;
  readonly #descriptors: DescriptorTable;
  readonly #slots: SlotTable;
  readonly #interest: Interest;
  readonly #timers: Timers;
  readonly #closer: Closer;
  readonly #faults: HandlerFaults;

  constructor(
    kernel: Kernel,
    descriptors: DescriptorTable,
    slots: SlotTable,
    interest: Interest,
    timers: Timers,
    closer: Closer,
    faults: HandlerFaults,
  ) {
    this.#kernel = kernel;
    this.#descriptors = descriptors;
    this.#slots = slots;
    this.#interest = interest;
    this.#timers = timers;
    this.#closer = closer;
    this.#faults = faults;
  }

  addListener(fd: number, handler: ListenerHandler): void {
    const slot = this.#slots.take();
    if (slot < 0) throw new Error('no place left for a listener');
    const listener: Listener = {
      kind: 'listener',
      fd,
      slot,
      handler,
      deadline: 0,
      wheelTick: -1,
      onDeadline: () => this.#resume(listener),
    };
    this.#slots.put(slot, listener);
    errno.check(this.#control(listener, EPOLL_CTL_ADD, EPOLLIN), 'epoll_ctl');
  }

  stopAccepting(): void {
    this.#slots.forEach((entry) => {
      if (entry instanceof Socket || entry.kind !== 'listener') return;
      // Not merely masked: a listener that its owner shuts down would report EPOLLHUP for ever.
      this.#control(entry, EPOLL_CTL_DEL, 0);
      this.#slots.vacate(entry.slot);
    });
  }

  accept(listener: Listener): void {
    for (let i = 0; i < ACCEPTS_PER_TURN; i++) {
      const fd = this.#kernel.accept(listener.fd);
      if (fd >= 0) {
        this.#welcome(listener, fd);
        continue;
      }
      if (fd === -errno.EAGAIN) return;
      // The peer gave up while queued (accept(2) lists these as transient): look at the next one.
      if (fd === -errno.ECONNABORTED || fd === -errno.EPROTO || fd === -errno.EINTR) continue;
      return this.#shed(listener, -fd);
    }
  }

  #welcome(listener: Listener, fd: number): void {
    const peer = this.#kernel.acceptedPeer();
    const slot = this.#slots.take();
    if (slot < 0) {
      this.#refuse(fd);
      return listener.handler.onShed(0);
    }
    this.#descriptors.set(slot, fd);
    const destination = this.#kernel.originalDestination(fd, listener.handler.family);
    const socket = this.#slots.adopt(slot, fd, this.#closer.unowned, peer);
    this.#interest.set(socket, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_ADD);
    try {
      listener.handler.onAccept(socket, destination);
    } catch (error) {
      this.#faults.abandon(socket, error);
    }
  }

  /**
   * Out of descriptors: the reserve lets us take the connection off the queue and refuse it. Where even that fails, the
   * listener pauses, because its queue would keep epoll awake.
   */
  #shed(listener: Listener, error: number): void {
    let refused = -1;
    if (error === errno.EMFILE || error === errno.ENFILE) {
      this.#descriptors.releaseReserve(this.#kernel);
      refused = this.#kernel.accept(listener.fd);
      if (refused >= 0) this.#refuse(refused);
      this.#descriptors.takeReserve(this.#kernel);
      // Linux looks for a free descriptor before it looks at the queue: there was nobody to refuse.
      if (refused === -errno.EAGAIN) return;
    }
    if (refused < 0) {
      this.#control(listener, EPOLL_CTL_MOD, 0);
      this.#timers.schedule(listener, PAUSE_MS);
    }
    listener.handler.onShed(error);
  }

  #refuse(fd: number): void {
    this.#kernel.lingerZero(fd);
    this.#kernel.close(fd);
  }

  #resume(listener: Listener): void {
    if (this.#slots.at(listener.slot) !== listener) return;
    this.#descriptors.takeReserve(this.#kernel);
    this.#control(listener, EPOLL_CTL_MOD, EPOLLIN);
  }

  #control(listener: Listener, operation: number, events: number): number {
    const { fd, slot } = listener;
    return this.#interest.control(operation, fd, events, slot, this.#slots.generationOf(slot));
  }
}
