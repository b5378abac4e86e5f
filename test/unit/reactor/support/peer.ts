/** The other end of a connection, on Node's own sockets. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket as NodeSocket, type Server } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { SockAddr } from '../../../../src/reactor/socket-address.ts';
import { turnUntil, type World } from './world.ts';

/** Connects while turning the reactor. Half-open; errors are kept in `error`, everything received in `data`. */
export interface Peer {
  readonly socket: NodeSocket;
  readonly pieces: Buffer[];
  error: NodeJS.ErrnoException | null;
  ended: boolean;
  closed: boolean;
}

export function watch(socket: NodeSocket): Peer {
  const peer: Peer = { socket, pieces: [], error: null, ended: false, closed: false };
  socket.on('error', (error) => {
    peer.error = error;
  });
  socket.on('end', () => {
    peer.ended = true;
  });
  socket.on('close', () => {
    peer.closed = true;
  });
  return peer;
}

/** Reads everything that arrives into `pieces`. */
export function read(peer: Peer): Peer {
  peer.socket.on('data', (piece: Buffer) => peer.pieces.push(piece));
  return peer;
}

/** Waits for the end of the connection without turning the reactor. */
export async function untilClosed(peer: Peer): Promise<void> {
  while (!peer.closed) await setImmediate();
}

export function textOf(peer: Peer): string {
  return Buffer.concat(peer.pieces).toString('latin1');
}

export async function connectPeer(world: World, to: SockAddr): Promise<Peer> {
  const peer = watch(connect({ host: to.ip, port: to.port, allowHalfOpen: true, noDelay: true }));
  world.atEnd.push(() => peer.socket.destroy());
  await turnUntil(world, () => !peer.socket.connecting);
  if (peer.error !== null) throw peer.error;
  return peer;
}

export interface PeerServer {
  readonly server: Server;
  readonly port: number;
  readonly peers: Peer[];
}

/** A half-open server on `ip` that keeps its connections in `peers`. */
export async function startServer(ip: string, onPeer: (peer: Peer) => void = () => {}): Promise<PeerServer> {
  const peers: Peer[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const peer = watch(socket);
    peers.push(peer);
    onPeer(peer);
  });
  server.listen(0, ip);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, peers };
}

export function stopServer({ server, peers }: PeerServer): void {
  for (const { socket } of peers) socket.destroy();
  server.close();
}

/** `length` bytes, each a function of its position and `seed`, so that any piece can be checked. */
export function pattern(seed: number, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = ((at + i) * 31 + ((at + i) >>> 8) * 7 + seed) & 255;
  return bytes;
}

/** The pattern as a stream in pieces of 64 KiB. */
export function patternStream(seed: number, total: number): Readable {
  let at = 0;
  return new Readable({
    read() {
      const n = Math.min(65536, total - at);
      this.push(n === 0 ? null : pattern(seed, at, n));
      at += n;
    },
  });
}
