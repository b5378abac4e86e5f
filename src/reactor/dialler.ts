import type { DescriptorTable } from './descriptor-table.ts';
import * as errno from './errno.ts';
import type { HandlerFaults } from './handler-faults.ts';
import type { Interest } from './interest.ts';
import type { Kernel } from './kernel.ts';
import type { SlotTable } from './slot-table.ts';
import type { Socket, SocketHandler } from './socket.ts';
import type { SockAddr } from './socket-address.ts';
import { EPOLL_CTL_ADD, EPOLLOUT, SO_MARK, SOL_SOCKET, SOL_TCP, TCP_NODELAY } from './syscalls.ts';

/**
 * Starts connections. Over loopback the handshake is done when connect(2) returns: epoll hears of a connection only at the end
 * of the turn, so that a first write in this turn needs no further event (3 calls saved).
 */
export class Dialler {
  readonly #kernel: Kernel;
  readonly #descriptors: DescriptorTable;
  readonly #slots: SlotTable;
  readonly #interest: Interest;
  readonly #faults: HandlerFaults;
  #dialled: Socket[] = [];

  constructor(
    kernel: Kernel,
    descriptors: DescriptorTable,
    slots: SlotTable,
    interest: Interest,
    faults: HandlerFaults,
  ) {
    this.#kernel = kernel;
    this.#descriptors = descriptors;
    this.#slots = slots;
    this.#interest = interest;
    this.#faults = faults;
  }

  dial(address: SockAddr, mark: number, handler: SocketHandler): Socket | number {
    const slot = this.#slots.take();
    if (slot < 0) return errno.ENFILE;
    const fd = this.#kernel.socket(address.family);
    if (fd < 0) {
      this.#slots.giveBack(slot);
      return -fd;
    }
    this.#descriptors.set(slot, fd);
    this.#kernel.setOption(fd, SOL_TCP, TCP_NODELAY, 1);
    // Without its mark the connection would be captured again and come back to us: rather not at all.
    const marked = mark === 0 ? 0 : this.#kernel.setOption(fd, SOL_SOCKET, SO_MARK, mark);
    const r = marked < 0 ? marked : this.#kernel.connect(fd, address);
    if (r < 0 && r !== -errno.EINPROGRESS) {
      this.#descriptors.clear(slot);
      this.#kernel.close(fd);
      this.#slots.giveBack(slot);
      return -r;
    }
    const socket = this.#slots.adopt(slot, fd, handler, address);
    socket.connecting = true;
    socket.unregistered = true;
    this.#dialled.push(socket);
    return socket;
  }

  /** The kernel took bytes: the handshake is over before its event was seen. `onConnect` follows at the end of the turn. */
  connectedByWrite(socket: Socket): void {
    socket.connecting = false;
    if (socket.unregistered) return;
    socket.unannounced = true;
    this.#dialled.push(socket);
  }

  /** Connections wait for `announce`. */
  get hasDialled(): boolean {
    return this.#dialled.length > 0;
  }

  /** Makes the connections dialled in this turn known to epoll; those that already took a write are connected. */
  announce(): void {
    if (this.#dialled.length === 0) return;
    const dialled = this.#dialled;
    this.#dialled = [];
    for (const socket of dialled) {
      const isNew = socket.unregistered;
      socket.unregistered = false;
      socket.unannounced = false;
      if (socket.fd < 0) continue;
      if (!isNew) this.#interest.refresh(socket);
      else if (!socket.dead) this.#register(socket);
      if (socket.connecting) continue;
      try {
        socket.handler.onConnect(socket);
      } catch (error) {
        this.#faults.abandon(socket, error);
      }
    }
  }

  #register(socket: Socket): void {
    this.#interest.set(socket, socket.connecting ? EPOLLOUT : this.#interest.wanted(socket), EPOLL_CTL_ADD);
  }
}
