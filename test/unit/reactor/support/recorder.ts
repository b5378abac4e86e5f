import type { Socket, SocketHandler } from '../../../../src/reactor/socket.ts';
import type { World } from './world.ts';

/** A handler that writes down what it hears, in order; single callbacks can be replaced. */
export class Recorder implements SocketHandler {
  readonly world: World;
  /** `connect`, `end`, `drain`, `timeout`, `readable`, `writable`, `error 104`; data is left out. */
  readonly events: string[] = [];
  readonly #pieces: Buffer[] = [];
  bytes = 0;
  /** Called after an event was written down. */
  on: Partial<Record<'connect' | 'data' | 'end' | 'drain' | 'timeout' | 'error', (socket: Socket) => void>> = {};
  keepData = true;

  constructor(world: World) {
    this.world = world;
  }

  get data(): Buffer {
    return Buffer.concat(this.#pieces);
  }
  get text(): string {
    return this.data.toString('latin1');
  }

  onConnect(socket: Socket): void {
    this.events.push('connect');
    this.on.connect?.(socket);
  }
  onData(socket: Socket, at: number, length: number): void {
    this.bytes += length;
    if (this.keepData) this.#pieces.push(Buffer.from(this.world.slab.bytes.subarray(at, at + length)));
    this.on.data?.(socket);
  }
  onEnd(socket: Socket): void {
    this.events.push('end');
    this.on.end?.(socket);
  }
  onDrain(socket: Socket): void {
    this.events.push('drain');
    this.on.drain?.(socket);
  }
  onError(socket: Socket, errno: number): void {
    this.events.push(`error ${errno}`);
    this.on.error?.(socket);
  }
  onTimeout(socket: Socket): void {
    this.events.push('timeout');
    this.on.timeout?.(socket);
  }
  onReadable(): void {
    this.events.push('readable');
  }
  onWritable(): void {
    this.events.push('writable');
  }
}
