/** Sessions on real sockets through the reactor, with node:http2 as the other end. */
import { DEFAULT_HTTP2_CONFIG, type Http2Config } from '../../../../../../src/proxy/codec/http2/http2-config.ts';
import type { Http2Head } from '../../../../../../src/proxy/codec/http2/http2-head.ts';
import type { Http2Stream } from '../../../../../../src/proxy/codec/http2/http2-stream.ts';
import { Http2Session } from '../../../../../../src/proxy/codec/http2/session.ts';
import type { Role, SessionEvents, SessionMemory } from '../../../../../../src/proxy/codec/http2/session-types.ts';
import { DescriptorTable } from '../../../../../../src/reactor/descriptor-table.ts';
import { Kernel } from '../../../../../../src/reactor/kernel.ts';
import { Reactor } from '../../../../../../src/reactor/reactor.ts';
import type { Socket, SocketHandler } from '../../../../../../src/reactor/socket.ts';
import { bindCalls } from '../../../../../../src/reactor/syscalls.ts';
import type { Deferred } from '../../../../../../src/reactor/turn-end.ts';
import {
  addressOf,
  destroyWorld,
  listen,
  SILENCE_MS,
  turnUntil,
  type World,
} from '../../../../reactor/support/world.ts';
import { createMemory } from './session-rig.ts';

export interface PeerWorld extends World {
  readonly memory: SessionMemory;
}

export function createPeerWorld(slabBytes?: number): PeerWorld {
  const memory = createMemory(slabBytes);
  const { slab } = memory;
  const kernel = new Kernel(slab, bindCalls());
  const descriptors = DescriptorTable.forSockets(1024);
  const reactor = new Reactor(kernel, descriptors, SILENCE_MS);
  const thrown: unknown[] = [];
  reactor.onHandlerError = (error) => void thrown.push(error);
  return { memory, slab, kernel, descriptors, reactor, listeners: [], thrown, atEnd: [] };
}

export type RequestHandler = (stream: Http2Stream, head: Http2Head, end: boolean) => void;

/** A session and its socket, as an owner ties them together. */
export class Connection implements SocketHandler, SessionEvents, Deferred {
  readonly socket: Socket;
  readonly session: Http2Session;
  readonly #world: PeerWorld;
  readonly #onRequest: RequestHandler;
  deferred = false;
  /** What happened to the connection as a whole. */
  readonly events: string[] = [];
  onCapacity: () => void = () => {};
  onIdle: () => void = () => {};
  /** Bytes that a turn may still write; tests of short writes lower it. */
  isClosed = false;

  constructor(
    world: PeerWorld,
    role: Role,
    connect: (handler: SocketHandler) => Socket,
    onRequest: RequestHandler,
    config: Partial<Http2Config>,
  ) {
    this.#world = world;
    this.#onRequest = onRequest;
    const all = { ...DEFAULT_HTTP2_CONFIG, ...config };
    this.session = new Http2Session(role, all, world.memory, this, this);
    this.socket = connect(this);
    this.session.start(world.reactor.now);
  }

  write(at: number, length: number): boolean {
    return this.#world.reactor.write(this.socket, at, length);
  }
  requestFlush(): void {
    this.#world.reactor.atTurnEnd(this);
  }
  setReading(on: boolean): void {
    if (on) this.#world.reactor.resume(this.socket);
    else this.#world.reactor.pause(this.socket);
  }
  onTurnEnd(): void {
    this.session.flush();
  }

  onRequest(stream: Http2Stream, head: Http2Head, end: boolean): void {
    this.#onRequest(stream, head, end);
  }
  onRefused(status: number, sentence: string): void {
    this.events.push(`refused ${status} ${sentence}`);
  }
  onGoaway(code: number): void {
    this.events.push(`goaway ${code}`);
  }
  onFatal(code: number, sentence: string): void {
    this.events.push(`fatal ${code} ${sentence}`);
    this.#close();
  }

  onConnect(): void {}
  onData(_socket: Socket, at: number, length: number): void {
    this.session.receive(at, length);
    while (this.session.hasUnread) this.session.readOn();
  }
  onEnd(): void {
    this.#lost('end');
  }
  onDrain(): void {
    this.session.onDrain();
  }
  onError(_socket: Socket, errno: number): void {
    this.#lost(`error ${errno}`);
  }
  onTimeout(): void {}
  onReadable(): void {}
  onWritable(): void {}

  #lost(why: string): void {
    this.events.push(why);
    this.session.close(why);
    this.#close();
  }

  #close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#world.reactor.closeGently(this.socket);
  }
}

/** A port on which every connection becomes a server session. */
export function serve(
  world: PeerWorld,
  onRequest: RequestHandler,
  config: Partial<Http2Config> = {},
): { readonly port: number; readonly connections: Connection[] } {
  const connections: Connection[] = [];
  const { port } = listen(world, '127.0.0.1', (socket) => {
    const connect = (handler: SocketHandler): Socket => {
      socket.handler = handler;
      return socket;
    };
    connections.push(new Connection(world, 'server', connect, onRequest, config));
  });
  return { port, connections };
}

/** A client session to a local port. */
export function dial(world: PeerWorld, port: number, config: Partial<Http2Config> = {}): Connection {
  const connect = (handler: SocketHandler): Socket => {
    const socket = world.reactor.dial(addressOf('127.0.0.1', port), 0, handler);
    if (typeof socket === 'number') throw new Error(`dial failed with ${socket}`);
    return socket;
  };
  return new Connection(world, 'client', connect, () => {}, config);
}

/** Ends the world; returns what is left over: chunks still in use and errors thrown by handlers. */
export async function endWorld(world: PeerWorld, connections: readonly Connection[]): Promise<[number, unknown[]]> {
  for (const end of world.atEnd.splice(0)) end();
  await turnUntil(
    world,
    () => connections.every((one) => one.isClosed) && world.reactor.openSockets === 0,
    5_000,
  ).catch(() => {});
  const left = world.slab.chunksInUse;
  destroyWorld(world);
  return [left, world.thrown];
}
