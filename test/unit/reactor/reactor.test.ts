import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';
import type { Socket } from '../../../src/reactor/socket.ts';
import { startWatch } from '../../helpers/stopwatch.ts';
import { connectPeer, read, startServer, stopServer, textOf, untilClosed } from './support/peer.ts';
import { RawPeer } from './support/raw-peer.ts';
import { Recorder } from './support/recorder.ts';
import {
  addressOf,
  countIdleTurns,
  createWorld,
  destroyWorld,
  listen,
  openDescriptors,
  send,
  turnFor,
  turnUntil,
} from './support/world.ts';

/** A world whose listener keeps the accepted sockets, each with a recorder. */
async function acceptOne(ip = '127.0.0.1') {
  const world = createWorld();
  const accepted: { readonly socket: Socket; readonly recorder: Recorder }[] = [];
  const address = listen(world, ip, (socket) => {
    const recorder = new Recorder(world);
    socket.handler = recorder;
    accepted.push({ socket, recorder });
  });
  const peer = await connectPeer(world, address);
  await turnUntil(world, () => accepted.length === 1);
  const [{ socket, recorder }] = accepted as [(typeof accepted)[number]];
  return { world, peer, socket, recorder };
}

t.test('accept, peer address, echo and clean close on both families', async (t) => {
  for (const ip of ['127.0.0.1', '::1']) {
    const before = openDescriptors();
    const { world, peer, socket, recorder } = await acceptOne(ip);
    t.equal(socket.peer?.ip, ip);
    t.equal(socket.peer?.port, peer.socket.localPort);
    read(peer);
    recorder.on.data = () => void send(world, socket, recorder.data);
    peer.socket.write('hello');
    await turnUntil(world, () => textOf(peer) === 'hello');
    t.equal(socket.bytesRead, 5);
    t.equal(socket.bytesWritten, 5);
    peer.socket.end();
    await turnUntil(world, () => socket.readClosed);
    t.same(recorder.events, ['end']);
    world.reactor.close(socket);
    await turnUntil(world, () => peer.closed);
    t.equal(peer.error, null);
    t.equal(world.reactor.openSockets, 0);
    t.equal(world.slab.chunksInUse, 0);
    destroyWorld(world);
    t.equal(openDescriptors(), before);
  }
});

t.test('the peer ends first: it can still be written to', async (t) => {
  const { world, peer, socket, recorder } = await acceptOne();
  read(peer);
  peer.socket.end('request');
  await turnUntil(world, () => socket.readClosed);
  t.equal(recorder.text, 'request');
  t.ok(countIdleTurns(world, 200) <= 15, 'and the loop sleeps meanwhile');
  send(world, socket, 'answer');
  world.reactor.end(socket);
  await turnUntil(world, () => peer.ended);
  t.equal(textOf(peer), 'answer');
  t.ok(countIdleTurns(world, 200) <= 15, 'both ended, not yet closed: no spinning');
  t.same(recorder.events, ['end'], 'a clean end in both directions is no error');
  world.reactor.close(socket);
  destroyWorld(world);
});

t.test('we end first: the peer can still write', async (t) => {
  const { world, peer, socket, recorder } = await acceptOne();
  read(peer);
  send(world, socket, 'bye');
  world.reactor.end(socket);
  world.reactor.end(socket);
  await turnUntil(world, () => peer.ended);
  t.equal(textOf(peer), 'bye');
  t.equal(send(world, socket, 'more'), true, 'writing after end is ignored');
  peer.socket.end('but wait');
  await turnUntil(world, () => socket.readClosed);
  t.equal(recorder.text, 'but wait');
  t.same(recorder.events, ['end']);
  world.reactor.close(socket);
  destroyWorld(world);
});

t.test('a reset by the peer is an error, told once, after the bytes that came before it', async (t) => {
  for (const paused of [false, true]) {
    const { world, peer, socket, recorder } = await acceptOne();
    if (paused) world.reactor.pause(socket);
    peer.socket.write('before');
    await setImmediate();
    peer.socket.resetAndDestroy();
    await turnUntil(world, () => recorder.events.length > 0);
    await turnFor(world, 30);
    t.same(recorder.events, [`error ${errno.ECONNRESET}`]);
    if (!paused) t.equal(recorder.text, 'before');
    t.ok(countIdleTurns(world, 200) <= 15, 'no spinning on a dead connection that nobody has closed yet');
    t.equal(send(world, socket, 'x'), true, 'writing to the dead is ignored');
    await turnFor(world, 30);
    t.equal(recorder.events.length, 1);
    world.reactor.reset(socket);
    t.equal(world.reactor.openSockets, 0);
    destroyWorld(world);
  }
});

t.test('FIN and then RST: the end is told, then the error', async (t) => {
  const { world, peer, socket, recorder } = await acceptOne();
  peer.socket.end('all');
  await turnUntil(world, () => socket.readClosed);
  peer.socket.resetAndDestroy();
  send(world, socket, 'answer nobody wants');
  await turnUntil(world, () => recorder.events.length === 2);
  t.match(recorder.events, ['end', /^error (32|104)$/]);
  world.reactor.close(socket);
  destroyWorld(world);
});

t.test('reset makes the peer see ECONNRESET', async (t) => {
  const { world, peer, socket, recorder } = await acceptOne();
  read(peer);
  world.reactor.reset(socket);
  world.reactor.reset(socket);
  await turnUntil(world, () => peer.closed);
  t.equal(peer.error?.code, 'ECONNRESET');
  t.same(recorder.events, []);
  destroyWorld(world);
});

t.test('close delivers what is pending first', async (t) => {
  const { world, peer, socket } = await acceptOne();
  const total = 8 * 1024 * 1024;
  let written = 0;
  while (written < total) {
    send(world, socket, Buffer.alloc(65536, written >>> 16));
    written += 65536;
  }
  t.ok(socket.pendingBytes > 0, 'the kernel did not take it all');
  world.reactor.close(socket);
  send(world, socket, 'too late');
  world.reactor.clearTimer(socket);
  t.equal(socket.closed, false);
  let received = 0;
  let right = true;
  peer.socket.on('data', (piece: Buffer) => {
    for (let i = 0; i < piece.length; i += 1024) right &&= piece[i] === (((received + i) >>> 16) & 255);
    received += piece.length;
  });
  await turnUntil(world, () => peer.ended);
  t.equal(received, total);
  t.ok(right);
  t.equal(peer.error, null);
  t.ok(socket.closed);
  t.equal(world.slab.chunksInUse, 0);
  destroyWorld(world);
});

t.test('close of a dead connection lets go of its pending bytes at once', async (t) => {
  const { world, peer, socket, recorder } = await acceptOne();
  peer.socket.pause();
  while (send(world, socket, Buffer.alloc(65536)));
  peer.socket.resetAndDestroy();
  await turnUntil(world, () => recorder.events.length > 0);
  world.reactor.close(socket);
  t.equal(world.slab.chunksInUse, 0);
  t.equal(world.reactor.openSockets, 0);
  destroyWorld(world);
});

t.test('closeGently: an answer reaches a peer that is still sending', async (t) => {
  const { world, peer, socket, recorder } = await acceptOne();
  read(peer);
  recorder.on.data = () => {
    send(world, socket, 'HTTP/1.1 413 Too Large\r\n\r\n');
    world.reactor.closeGently(socket);
  };
  const timer = setInterval(() => peer.socket.write(Buffer.alloc(10_000)), 1);
  await turnUntil(world, () => peer.ended);
  clearInterval(timer);
  t.equal(textOf(peer), 'HTTP/1.1 413 Too Large\r\n\r\n');
  t.equal(peer.error, null, 'no reset');
  peer.socket.end();
  await turnUntil(world, () => world.reactor.openSockets === 0);
  t.same(recorder.events, [], 'its owner has nothing to do with it any more');
  destroyWorld(world);
});

t.test('closeGently ends a peer that never stops sending', async (t) => {
  const { world, peer, socket } = await acceptOne();
  world.reactor.closeGently(socket);
  world.reactor.clearTimer(socket);
  world.reactor.setTimer(socket, 60_000);
  const watch = startWatch();
  const timer = setInterval(() => peer.socket.write('and another thing'), 5);
  await turnUntil(world, () => world.reactor.openSockets === 0);
  clearInterval(timer);
  t.ok(watch.ms() > 900 && watch.quietMs() < 2_000, `after ${watch.ms()} ms`);
  destroyWorld(world);
});

t.test('closeGently gives a slow reader the time it needs for what is pending', async (t) => {
  const { world, peer, socket } = await acceptOne();
  const total = 8 * 1024 * 1024;
  for (let written = 0; written < total; written += 65536) send(world, socket, Buffer.alloc(65536));
  world.reactor.closeGently(socket);
  peer.socket.write('still talking');
  await turnFor(world, 1_300);
  t.equal(world.reactor.openSockets, 1, 'the second for discarding begins when the bytes are out');
  let received = 0;
  peer.socket.on('data', (piece: Buffer) => {
    received += piece.length;
  });
  await turnUntil(world, () => peer.ended);
  t.equal(received, total);
  peer.socket.end();
  await turnUntil(world, () => world.reactor.openSockets === 0);
  destroyWorld(world);
});

t.test('timers of a connection fire once, move, stop, and die with it', async (t) => {
  const { world, socket, recorder } = await acceptOne();
  world.reactor.setTimer(socket, 60);
  await turnUntil(world, () => recorder.events.length > 0);
  await turnFor(world, 150);
  t.same(recorder.events, ['timeout']);
  world.reactor.setTimer(socket, 60);
  world.reactor.clearTimer(socket);
  await turnFor(world, 150);
  world.reactor.setTimer(socket, 60);
  world.reactor.close(socket);
  world.reactor.setTimer(socket, 10);
  await turnFor(world, 150);
  t.same(recorder.events, ['timeout']);
  destroyWorld(world);
});

t.test('silence entries and free timers run in the loop, and shorten its sleep', async (t) => {
  const { world } = await acceptOne();
  const fired: string[] = [];
  const watch = startWatch();
  world.reactor.turn(0);
  world.reactor.silence.add({ waiting: true, onDelay: () => void fired.push('silence') }, world.reactor.now);
  world.reactor.turn(1_000);
  world.reactor.turn(0);
  const [waited, quiet] = [watch.ms(), watch.quietMs()];
  t.same(fired, ['silence']);
  t.ok(waited >= 9 && quiet < 100, `${waited} ms`);
  world.reactor.schedule({ deadline: 0, wheelTick: -1, onDeadline: () => void fired.push('timer') }, 20);
  await turnUntil(world, () => fired.length === 2);
  t.same(fired, ['silence', 'timer']);
  destroyWorld(world);
});

t.test('stopAccepting leaves connections alone and new ones in the queue of the descriptor', async (t) => {
  const { world, peer, socket, recorder } = await acceptOne();
  world.reactor.stopAccepting();
  const fd = world.listeners[0] ?? -1;
  const waiting = RawPeer.connect(world.kernel.localAddress(fd) ?? addressOf('127.0.0.1', 1));
  t.ok(countIdleTurns(world, 200) <= 15, 'the queue wakes nobody');
  t.equal(world.reactor.openSockets, 1);
  peer.socket.write('still served');
  await turnUntil(world, () => recorder.bytes > 0);
  let accepted = 0;
  world.reactor.addListener(fd, { family: 4, onAccept: () => void accepted++, onShed: () => {} });
  await turnUntil(world, () => accepted === 1);
  world.reactor.reset(socket);
  waiting.close();
  destroyWorld(world);
});

t.test('closeAll resets every connection and closes every descriptor', async (t) => {
  const before = openDescriptors();
  const server = await startServer('127.0.0.1');
  const { world, peer, recorder } = await acceptOne();
  read(peer);
  world.reactor.descriptors.takeReserve(world.kernel);
  world.reactor.dial(addressOf('127.0.0.1', server.port), 0, recorder);
  await turnUntil(world, () => server.peers.length === 1 && recorder.events.length === 1);
  world.reactor.closeAll();
  await untilClosed(peer);
  t.equal(peer.error?.code, 'ECONNRESET');
  t.equal(world.reactor.openSockets, 0);
  t.same(recorder.events, ['connect']);
  destroyWorld(world);
  stopServer(server);
  await once(server.server, 'close');
  await setImmediate();
  t.equal(openDescriptors(), before);
});
