/**
 * The other end of a connection as a bare descriptor, driven step by step: what a test does between two turns of the reactor
 * is then exactly what one batch of events holds.
 */
import { EAGAIN } from '../../../../src/reactor/errno.ts';
import { Kernel } from '../../../../src/reactor/kernel.ts';
import { openListener } from '../../../../src/reactor/listen.ts';
import { MINIMUM_SLAB_BYTES } from '../../../../src/reactor/slab.ts';
import type { SockAddr } from '../../../../src/reactor/socket-address.ts';
import { addressOf, createSlab } from './world.ts';

/** SO_RCVBUF, SO_SNDBUF (asm-generic/socket.h). */
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SOL_SOCKET = 1;

const slab = createSlab(MINIMUM_SLAB_BYTES + 64);
export const peerKernel = new Kernel(slab);

export class RawPeer {
  readonly fd: number;
  readonly #pieces: Buffer[] = [];
  /** FIN received. */
  ended = false;
  /** errno of the first call that failed, 0 = none. */
  error = 0;

  constructor(fd: number) {
    if (fd < 0) throw new Error(`no descriptor: ${fd}`);
    this.fd = fd;
  }

  /** Connects to a listener; over loopback the handshake is done when this returns. A receive buffer of 0 is the usual one. */
  static connect(to: SockAddr, receiveBuffer = 0): RawPeer {
    const peer = new RawPeer(peerKernel.socket(to.family));
    if (receiveBuffer > 0) peerKernel.setOption(peer.fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
    peerKernel.connect(peer.fd, to);
    return peer;
  }

  get data(): Buffer {
    return Buffer.concat(this.#pieces);
  }
  get text(): string {
    return this.data.toString('latin1');
  }

  /** Sends what fits. Returns the number of bytes taken, 0 when the window is full or the connection broken. */
  send(bytes: Buffer | string): number {
    const from = Buffer.from(bytes);
    const n = Math.min(from.length, 65536);
    from.copy(slab.bytes, slab.composeArea, 0, n);
    const sent = peerKernel.send(this.fd, slab.composeArea, n);
    if (sent < 0 && sent !== -EAGAIN) this.error ||= -sent;
    return Math.max(0, sent);
  }

  /** Takes everything that has arrived. */
  read(limit = Number.POSITIVE_INFINITY): void {
    for (let left = limit; left > 0 && !this.ended && this.error === 0; ) {
      const n = peerKernel.receive(this.fd, slab.receiveArea, Math.min(left, 65536));
      if (n === -EAGAIN) return;
      if (n < 0) this.error = -n;
      else if (n === 0) this.ended = true;
      else {
        this.#pieces.push(Buffer.from(slab.bytes.subarray(slab.receiveArea, slab.receiveArea + n)));
        left -= n;
      }
    }
  }

  /** Kernel buffers as small as they get, so that little data fills them. */
  shrinkBuffers(): void {
    peerKernel.setOption(this.fd, SOL_SOCKET, SO_SNDBUF, 4096);
    peerKernel.setOption(this.fd, SOL_SOCKET, SO_RCVBUF, 4096);
  }

  fin(): void {
    peerKernel.shutdownWrite(this.fd);
  }
  rst(): void {
    peerKernel.lingerZero(this.fd);
    peerKernel.close(this.fd);
  }
  close(): void {
    peerKernel.close(this.fd);
  }
}

export class RawServer {
  readonly fd: number;
  readonly address: SockAddr;

  constructor(ip: string) {
    const opened = openListener(peerKernel, addressOf(ip, 0), false);
    if (!opened.ok) throw new Error(opened.sentence);
    this.fd = opened.fd;
    const address = peerKernel.localAddress(this.fd);
    if (address === null) throw new Error('the listener has no address');
    this.address = address;
  }

  /** The next connection waiting; null when there is none. */
  tryAccept(): RawPeer | null {
    const fd = peerKernel.accept(this.fd);
    return fd < 0 ? null : new RawPeer(fd);
  }
  accept(): RawPeer {
    return new RawPeer(peerKernel.accept(this.fd));
  }
  close(): void {
    peerKernel.close(this.fd);
  }
}
