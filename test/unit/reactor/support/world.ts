/** A reactor with real sockets for one test, turned by hand between steps of Node's own loop, on which the peers run. */
import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { DescriptorTable } from '../../../../src/reactor/descriptor-table.ts';
import { Kernel } from '../../../../src/reactor/kernel.ts';
import { openListener } from '../../../../src/reactor/listen.ts';
import { Reactor } from '../../../../src/reactor/reactor.ts';
import { Slab } from '../../../../src/reactor/slab.ts';
import type { Socket } from '../../../../src/reactor/socket.ts';
import { parseSockAddr, type SockAddr } from '../../../../src/reactor/socket-address.ts';
import { bindCalls, type RawCalls } from '../../../../src/reactor/syscalls.ts';

export const SILENCE_MS = 10;

export interface World {
  readonly slab: Slab;
  readonly kernel: Kernel;
  readonly descriptors: DescriptorTable;
  readonly reactor: Reactor;
  /** Listening descriptors opened by `listen`; the reactor does not own them. */
  readonly listeners: number[];
  /** What reactor handlers threw. */
  readonly thrown: unknown[];
  /** Run when the world ends. */
  readonly atEnd: (() => void)[];
}

export interface WorldSize {
  readonly slabBytes: number;
  readonly sockets: number;
}

export const ROOMY: WorldSize = { slabBytes: 16 * 1024 * 1024, sockets: 1024 };

export function createSlab(bytes: number): Slab {
  return new Slab(new ArrayBuffer(bytes), 0, bytes);
}

export function createWorld(size: WorldSize = ROOMY, calls: RawCalls = bindCalls()): World {
  const slab = createSlab(size.slabBytes);
  const kernel = new Kernel(slab, calls);
  const descriptors = DescriptorTable.forSockets(size.sockets);
  const reactor = new Reactor(kernel, descriptors, SILENCE_MS);
  const thrown: unknown[] = [];
  reactor.onHandlerError = (error) => void thrown.push(error);
  return { slab, kernel, descriptors, reactor, listeners: [], thrown, atEnd: [] };
}

/** Closes everything that the world opened. */
export function destroyWorld(world: World): void {
  world.reactor.closeAll();
  for (const fd of world.listeners) world.kernel.close(fd);
  world.listeners.length = 0;
  for (const end of world.atEnd.splice(0)) end();
}

export function addressOf(ip: string, port: number): SockAddr {
  const address = parseSockAddr(ip, port);
  if (address === null) throw new Error(`${ip} is no address`);
  return address;
}

/** A listener on a free port of `ip` that hands every connection to `onAccept`. Returns its address. */
export function listen(
  world: World,
  ip: string,
  onAccept: (socket: Socket) => void,
  onShed: (errno: number) => void = (errno) => {
    throw new Error(`shed with ${errno}`);
  },
): SockAddr {
  const address = addressOf(ip, 0);
  const opened = openListener(world.kernel, address, false);
  if (!opened.ok) throw new Error(opened.sentence);
  world.listeners.push(opened.fd);
  world.reactor.addListener(opened.fd, { family: address.family, onAccept, onShed });
  return localAddress(world, opened.fd);
}

export function localAddress(world: World, fd: number): SockAddr {
  const address = world.kernel.localAddress(fd);
  if (address === null) throw new Error(`descriptor ${fd} has no address`);
  return address;
}

/** A port of `ip` on which nobody listens, kept taken by a bound socket until the world ends. */
export function refusingPort(world: World, ip: string): SockAddr {
  const address = addressOf(ip, 0);
  const fd = world.kernel.socket(address.family);
  world.listeners.push(fd);
  if (world.kernel.bind(fd, address) < 0) throw new Error('cannot bind');
  return localAddress(world, fd);
}

/** Turns the reactor, letting Node's loop run in between, until `done`; returns the number of turns. */
export async function turnUntil(world: World, done: () => boolean, limitMs = 20_000): Promise<number> {
  const started = performance.now();
  let turns = 0;
  while (!done()) {
    if (performance.now() - started > limitMs) throw new Error(`not done within ${limitMs} ms (${turns} turns)`);
    world.reactor.turn(1);
    turns++;
    await setImmediate();
  }
  return turns;
}

/** Turns for `ms`, letting Node's loop run. */
export async function turnFor(world: World, ms: number): Promise<void> {
  const until = performance.now() + ms;
  await turnUntil(world, () => performance.now() >= until);
}

/** Number of turns in `ms` when each may wait 20 ms: about ms / 20 when nothing happens, thousands when the loop spins. */
export function countIdleTurns(world: World, ms: number): number {
  const until = performance.now() + ms;
  let turns = 0;
  while (performance.now() < until) {
    world.reactor.turn(20);
    turns++;
  }
  return turns;
}

/** Descriptors of this process other than files: Node opens some of those on first use. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').filter((fd) => !linkOf(fd).startsWith('/')).length;
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor of the folder itself, closed again.
    return '/';
  }
}

/** Copies text or bytes to the compose area and writes them. */
export function send(world: World, socket: Socket, bytes: Buffer | string): boolean {
  const from = Buffer.from(bytes);
  from.copy(world.slab.bytes, world.slab.composeArea);
  return world.reactor.write(socket, world.slab.composeArea, from.length);
}
