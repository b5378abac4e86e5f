/** Backpressure and bulk: bounded buffers, nothing lost, nothing out of order, no spinning. */
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import t from 'tap';
import type { Socket } from '../../../src/reactor/socket.ts';
import { createFaultyCalls } from './support/faulty-calls.ts';
import { connectPeer, pattern, patternStream } from './support/peer.ts';
import { RawPeer } from './support/raw-peer.ts';
import { Recorder } from './support/recorder.ts';
import {
  countIdleTurns,
  createWorld,
  destroyWorld,
  listen,
  ROOMY,
  send,
  turnFor,
  turnUntil,
  type World,
} from './support/world.ts';

const MIB = 1024 * 1024;

/** A listener that accepts one connection for `recorder`. */
function acceptFor(world: World, recorder: Recorder) {
  const accepted: Socket[] = [];
  const address = listen(world, '127.0.0.1', (socket) => {
    socket.handler = recorder;
    accepted.push(socket);
  });
  return { accepted, address };
}

function socketOf(accepted: readonly Socket[]): Socket {
  const [socket] = accepted;
  if (socket === undefined) throw new Error('nothing was accepted');
  return socket;
}

t.test('100 MB echoed to a slow reader: equal bytes, bounded pending, a drain for every stop', async (t) => {
  const world = createWorld();
  const recorder = new Recorder(world);
  recorder.keepData = false;
  let stops = 0;
  let most = 0;
  recorder.onData = (socket, at, length) => {
    if (!world.reactor.write(socket, at, length)) {
      stops++;
      world.reactor.pause(socket);
    }
    most = Math.max(most, socket.pendingBytes);
  };
  recorder.on.drain = (socket) => world.reactor.resume(socket);
  recorder.on.end = (socket) => world.reactor.end(socket);
  const { accepted, address } = acceptFor(world, recorder);
  const peer = await connectPeer(world, address);
  const total = 100 * MIB;
  const sent = createHash('sha1');
  const source = patternStream(1, total);
  source.on('data', (piece: Buffer) => sent.update(piece));
  const received = createHash('sha1');
  let bytes = 0;
  peer.socket.on('data', (piece: Buffer) => {
    received.update(piece);
    bytes += piece.length;
    // Slow at first: the kernel's buffers and ours fill up.
    if (bytes < 6 * MIB) {
      peer.socket.pause();
      setTimeout(() => peer.socket.resume(), 2);
    }
  });
  const writing = pipeline(source, peer.socket);
  await turnUntil(world, () => peer.ended, 20_000);
  await writing;
  t.equal(bytes, total);
  t.equal(received.digest('hex'), sent.digest('hex'));
  t.ok(stops > 0, `stopped ${stops} times`);
  t.equal(recorder.events.filter((event) => event === 'drain').length, stops);
  t.ok(most <= 65536, `never more than one read pending: ${most}`);
  t.equal(recorder.events.filter((event) => event !== 'drain').join(), 'end');
  world.reactor.close(socketOf(accepted));
  t.equal(world.slab.chunksInUse, 0);
  destroyWorld(world);
});

t.test('a paused connection is not read: the sender is stopped by the window, and goes on after resume', async (t) => {
  const world = createWorld();
  const recorder = new Recorder(world);
  const { accepted, address } = acceptFor(world, recorder);
  const peer = RawPeer.connect(address);
  await turnUntil(world, () => accepted.length === 1);
  const socket = socketOf(accepted);
  world.reactor.pause(socket);
  world.reactor.pause(socket);
  let sent = 0;
  let stuck = 0;
  const total = 16 * MIB;
  while (stuck < 50) {
    const n = peer.send(pattern(2, sent, 65536));
    sent += n;
    stuck = n === 0 ? stuck + 1 : 0;
    world.reactor.turn(0);
  }
  t.ok(sent < total, `stopped after ${sent} bytes`);
  t.equal(recorder.bytes, 0);
  t.ok(countIdleTurns(world, 200) <= 15, 'unread bytes wake nobody');
  world.reactor.resume(socket);
  world.reactor.resume(socket);
  await turnUntil(world, () => {
    if (sent < total) sent += peer.send(pattern(2, sent, Math.min(65536, total - sent)));
    return recorder.bytes === total;
  });
  t.ok(recorder.data.equals(pattern(2, 0, total)));
  peer.close();
  world.reactor.reset(socket);
  destroyWorld(world);
});

t.test('onDrain comes once, when everything is out, and only after a write that said stop', async (t) => {
  const world = createWorld();
  const recorder = new Recorder(world);
  const { accepted, address } = acceptFor(world, recorder);
  const peer = RawPeer.connect(address);
  await turnUntil(world, () => accepted.length === 1);
  const socket = socketOf(accepted);
  for (let round = 1; round <= 3; round++) {
    t.equal(send(world, socket, 'x'), true);
    while (send(world, socket, Buffer.alloc(65536)));
    for (let i = 0; i < 5; i++) send(world, socket, Buffer.alloc(1000));
    await turnFor(world, 20);
    t.equal(recorder.events.length, round - 1, 'the peer does not read');
    await turnUntil(world, () => {
      peer.read();
      return recorder.events.length === round;
    });
    t.equal(socket.pendingBytes, 0);
  }
  await turnFor(world, 50);
  t.same(recorder.events, ['drain', 'drain', 'drain']);
  peer.close();
  world.reactor.reset(socket);
  destroyWorld(world);
});

t.test('both FINs while paused and unread bytes wait: parked without spinning, and nothing is lost', async (t) => {
  const world = createWorld();
  const recorder = new Recorder(world);
  const { accepted, address } = acceptFor(world, recorder);
  const peer = RawPeer.connect(address);
  await turnUntil(world, () => accepted.length === 1);
  const socket = socketOf(accepted);
  world.reactor.pause(socket);
  peer.send(pattern(4, 0, 65536));
  peer.fin();
  world.reactor.end(socket);
  world.reactor.turn(10);
  t.ok(countIdleTurns(world, 300) <= 20, 'EPOLLHUP, which cannot be masked, wakes nobody');
  peer.read();
  t.ok(peer.ended, 'our FIN is out');
  world.reactor.resume(socket);
  await turnUntil(world, () => socket.readClosed);
  t.ok(recorder.data.equals(pattern(4, 0, 65536)));
  t.same(recorder.events, ['end']);
  t.ok(countIdleTurns(world, 200) <= 15, 'and the end in both directions wakes nobody either');
  t.same(recorder.events, ['end']);
  world.reactor.close(socket);
  t.equal(world.reactor.openSockets, 0);
  peer.close();
  destroyWorld(world);
});

t.test('parked, resumed, paused again and parked again: still nothing lost', async (t) => {
  const world = createWorld();
  const recorder = new Recorder(world);
  const { accepted, address } = acceptFor(world, recorder);
  const peer = RawPeer.connect(address);
  await turnUntil(world, () => accepted.length === 1);
  const socket = socketOf(accepted);
  world.reactor.pause(socket);
  recorder.on.data = () => world.reactor.pause(socket);
  const total = 300_000;
  let sent = 0;
  for (let n = 1; n > 0 && sent < total; sent += n) n = peer.send(pattern(8, sent, total - sent));
  peer.fin();
  world.reactor.end(socket);
  let rounds = 0;
  while (!socket.readClosed && rounds++ < 100) {
    await turnFor(world, 3);
    world.reactor.resume(socket);
    world.reactor.turn(0);
  }
  t.ok(rounds > 2, `in ${rounds} rounds`);
  t.ok(recorder.data.equals(pattern(8, 0, sent)));
  t.same(recorder.events, ['end']);
  world.reactor.close(socket);
  peer.close();
  destroyWorld(world);
});

t.test('a parked connection may be closed, and a reset meanwhile is met on resume', async (t) => {
  for (const how of ['close', 'resume'] as const) {
    const world = createWorld();
    const recorder = new Recorder(world);
    const { accepted, address } = acceptFor(world, recorder);
    const peer = RawPeer.connect(address);
    await turnUntil(world, () => accepted.length === 1);
    const socket = socketOf(accepted);
    world.reactor.pause(socket);
    peer.send('unread');
    peer.fin();
    world.reactor.end(socket);
    world.reactor.turn(10);
    peer.rst();
    world.reactor.turn(0);
    if (how === 'resume') {
      world.reactor.resume(socket);
      await turnFor(world, 20);
      t.equal(recorder.text, 'unread');
      t.equal(recorder.events[0], 'end');
    }
    world.reactor.close(socket);
    t.equal(world.reactor.openSockets, 0);
    destroyWorld(world);
  }
});

t.test('one busy connection does not starve the others: one read each per turn', async (t) => {
  const world = createWorld();
  const recorders = [new Recorder(world), new Recorder(world)];
  const accepted: Socket[] = [];
  const address = listen(world, '127.0.0.1', (socket) => {
    const recorder = recorders[accepted.length];
    if (recorder !== undefined) socket.handler = recorder;
    accepted.push(socket);
  });
  const peers = [RawPeer.connect(address), RawPeer.connect(address)];
  await turnUntil(world, () => accepted.length === 2);
  for (const peer of peers) for (let i = 0; i < 8; i++) peer.send(Buffer.alloc(65536));
  world.reactor.turn(0);
  for (const recorder of recorders) t.ok(recorder.bytes > 0 && recorder.bytes <= 65536);
  for (const peer of peers) peer.close();
  destroyWorld(world);
});

t.test('pausing and resuming within a turn costs no system call', async (t) => {
  const faulty = createFaultyCalls();
  const world = createWorld(ROOMY, faulty.calls);
  const recorder = new Recorder(world);
  recorder.on.data = (socket) => {
    for (let i = 0; i < 5; i++) {
      world.reactor.pause(socket);
      world.reactor.resume(socket);
    }
  };
  const { accepted, address } = acceptFor(world, recorder);
  const peer = RawPeer.connect(address);
  await turnUntil(world, () => accepted.length === 1);
  const before = faulty.counts.get('epoll_ctl');
  peer.send('x');
  await turnUntil(world, () => recorder.bytes === 1);
  t.equal(faulty.counts.get('epoll_ctl'), before);
  peer.send('y');
  await turnUntil(world, () => recorder.bytes === 2);
  peer.close();
  destroyWorld(world);
});
