import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';
import type { Socket } from '../../../src/reactor/socket.ts';
import { startWatch } from '../../helpers/stopwatch.ts';
import { pattern, startServer, stopServer } from './support/peer.ts';
import { RawServer } from './support/raw-peer.ts';
import { Recorder } from './support/recorder.ts';
import {
  addressOf,
  countIdleTurns,
  createWorld,
  destroyWorld,
  openDescriptors,
  refusingPort,
  send,
  turnFor,
  turnUntil,
  type World,
} from './support/world.ts';

function dial(world: World, to: ReturnType<typeof addressOf>) {
  const recorder = new Recorder(world);
  const socket = world.reactor.dial(to, 0, recorder);
  if (typeof socket === 'number') throw new Error(`dial failed with ${socket}`);
  return { socket, recorder };
}

t.test('dial, connect, exchange and end on both families', async (t) => {
  for (const ip of ['127.0.0.1', '::1']) {
    const server = await startServer(ip, (peer) => {
      peer.socket.on('data', (piece: Buffer) => peer.socket.end(`echo ${piece}`));
    });
    const world = createWorld();
    const { socket, recorder } = dial(world, addressOf(ip, server.port));
    t.same(recorder.events, [], 'nothing is told before dial returns');
    recorder.on.connect = () => void send(world, socket, 'hi');
    await turnUntil(world, () => recorder.events.includes('end'));
    t.same(recorder.events, ['connect', 'end']);
    t.equal(recorder.text, 'echo hi');
    world.reactor.close(socket);
    destroyWorld(world);
    stopServer(server);
  }
});

t.test('what is written at once arrives, and onConnect is told within the turn', async (t) => {
  const server = new RawServer('127.0.0.1');
  const world = createWorld();
  const { socket, recorder } = dial(world, server.address);
  t.equal(send(world, socket, 'early'), true);
  t.equal(send(world, socket, ' and more'), true);
  world.reactor.end(socket);
  const peer = server.accept();
  peer.read();
  t.equal(peer.text, 'early and more', 'before any turn');
  t.ok(peer.ended);
  world.reactor.turn(0);
  t.same(recorder.events, ['connect']);
  peer.send('answer');
  peer.fin();
  await turnUntil(world, () => socket.readClosed);
  t.equal(recorder.text, 'answer');
  t.same(recorder.events, ['connect', 'end']);
  world.reactor.close(socket);
  peer.close();
  server.close();
  destroyWorld(world);
});

t.test('a write that finds the handshake done before its event was seen: connected once, in order', async (t) => {
  for (const bytes of [100, 6 * 1024 * 1024]) {
    const server = new RawServer('127.0.0.1');
    const world = createWorld();
    const { socket, recorder } = dial(world, server.address);
    recorder.on.connect = () => t.equal(recorder.events[0], 'connect');
    world.reactor.turn(0);
    t.same(recorder.events, []);
    for (let at = 0; at < bytes; at += 65536) send(world, socket, pattern(7, at, Math.min(65536, bytes - at)));
    const peer = server.accept();
    await turnUntil(world, () => {
      peer.read();
      return peer.data.length === bytes;
    });
    t.ok(peer.data.equals(pattern(7, 0, bytes)));
    peer.send('answer');
    await turnUntil(world, () => recorder.text === 'answer');
    t.same(recorder.events, bytes === 100 ? ['connect'] : ['connect', 'drain']);
    world.reactor.reset(socket);
    peer.close();
    server.close();
    destroyWorld(world);
  }
});

t.test('a connection that took bytes is told to be connected, even where its timer is due in that turn', async (t) => {
  const server = new RawServer('127.0.0.1');
  const world = createWorld();
  const { socket, recorder } = dial(world, server.address);
  world.reactor.turn(0);
  world.reactor.setTimer(socket, 1);
  const until = performance.now() + 120;
  while (performance.now() < until);
  // Another connection's event would write; the turn then finds the timer due.
  send(world, socket, 'delivered');
  recorder.on.connect = () => world.reactor.clearTimer(socket);
  await turnFor(world, 80);
  t.same(recorder.events, ['connect']);
  world.reactor.reset(socket);
  server.close();
  destroyWorld(world);
});

t.test('more than the kernel takes at once, written before connecting, arrives whole; one drain', async (t) => {
  const server = new RawServer('127.0.0.1');
  const world = createWorld();
  const { socket, recorder } = dial(world, server.address);
  const total = 100 * 65536;
  let full = 0;
  for (let at = 0; at < total; at += 65536) if (!send(world, socket, pattern(5, at, 65536))) full++;
  world.reactor.end(socket);
  t.ok(full > 1);
  const peer = server.accept();
  await turnUntil(world, () => {
    peer.read();
    return peer.ended;
  });
  t.ok(peer.data.equals(pattern(5, 0, total)));
  t.same(recorder.events, ['connect', 'drain']);
  world.reactor.reset(socket);
  peer.close();
  server.close();
  destroyWorld(world);
});

t.test('end before the connection is there: FIN follows the connect', async (t) => {
  const server = new RawServer('::1');
  const world = createWorld();
  const { socket, recorder } = dial(world, server.address);
  world.reactor.end(socket);
  await turnUntil(world, () => recorder.events.length === 1);
  const peer = server.accept();
  peer.read();
  t.ok(peer.ended);
  t.same(recorder.events, ['connect']);
  world.reactor.reset(socket);
  peer.close();
  server.close();
  destroyWorld(world);
});

t.test('a refused port is ECONNREFUSED, once, and costs no spinning', async (t) => {
  for (const ip of ['127.0.0.1', '::1']) {
    const world = createWorld();
    const before = openDescriptors();
    const { socket, recorder } = dial(world, refusingPort(world, ip));
    await turnUntil(world, () => recorder.events.length > 0);
    t.ok(countIdleTurns(world, 100) <= 10);
    t.same(recorder.events, [`error ${errno.ECONNREFUSED}`], ip);
    t.equal(send(world, socket, 'x'), true);
    world.reactor.close(socket);
    t.equal(openDescriptors(), before + 1, 'only the port holder');
    destroyWorld(world);
  }
});

t.test('a refusal that an early write meets is told at the end of the turn, not inside the write', async (t) => {
  const world = createWorld();
  const { socket, recorder } = dial(world, refusingPort(world, '127.0.0.1'));
  send(world, socket, 'nobody');
  t.same(recorder.events, []);
  world.reactor.turn(0);
  t.same(recorder.events, [`error ${errno.ECONNREFUSED}`]);
  await turnFor(world, 30);
  t.equal(recorder.events.length, 1);
  world.reactor.close(socket);
  t.equal(world.slab.chunksInUse, 0);
  t.equal(world.reactor.openSockets, 0);
  destroyWorld(world);
});

t.test('everything written to a refused connection moves to another one, in order, with its end', async (t) => {
  for (const ended of [false, true]) {
    const server = new RawServer('127.0.0.1');
    const world = createWorld();
    const first = dial(world, refusingPort(world, '127.0.0.1'));
    let second: Socket | null = null;
    const recorder = new Recorder(world);
    first.recorder.on.error = (socket) => {
      const next = world.reactor.dial(server.address, 0, recorder);
      if (typeof next === 'number') throw new Error(`dial failed with ${next}`);
      second = next;
      world.reactor.movePending(socket, next);
      world.reactor.reset(socket);
    };
    send(world, first.socket, 'head ');
    send(world, first.socket, 'body ');
    send(world, first.socket, 'tail');
    if (ended) world.reactor.end(first.socket);
    await turnUntil(world, () => recorder.events.includes('connect'));
    const peer = server.accept();
    await turnUntil(world, () => {
      peer.read();
      return peer.text === 'head body tail' && (!ended || peer.ended);
    });
    await setImmediate();
    t.equal(peer.ended, ended);
    t.same(first.recorder.events, [`error ${errno.ECONNREFUSED}`]);
    t.equal(world.slab.chunksInUse, 0);
    if (second !== null) world.reactor.reset(second);
    peer.close();
    server.close();
    destroyWorld(world);
  }
});

t.test('an end without bytes moves on to a connection that is there already', async (t) => {
  const server = new RawServer('127.0.0.1');
  const world = createWorld();
  const pooled = dial(world, server.address);
  await turnUntil(world, () => pooled.recorder.events.length === 1);
  const peer = server.accept();
  const refused = dial(world, refusingPort(world, '127.0.0.1'));
  world.reactor.end(refused.socket);
  world.reactor.movePending(refused.socket, pooled.socket);
  world.reactor.reset(refused.socket);
  await turnUntil(world, () => {
    peer.read();
    return peer.ended;
  });
  t.equal(peer.text, '');
  world.reactor.reset(pooled.socket);
  peer.close();
  server.close();
  destroyWorld(world);
});

t.test('dialling again from inside a refusal does not wait for a tick', async (t) => {
  const world = createWorld();
  const target = refusingPort(world, '127.0.0.1');
  let tries = 0;
  const recorder = new Recorder(world);
  recorder.on.error = (socket) => {
    world.reactor.reset(socket);
    if (++tries === 40) return;
    const next = world.reactor.dial(target, 0, recorder);
    if (typeof next !== 'number') send(world, next, 'x');
  };
  recorder.on.error(dial(world, target).socket);
  const watch = startWatch();
  while (tries < 40 && watch.ms() < 20_000) world.reactor.turn(1_000);
  t.equal(tries, 40);
  t.ok(watch.quietMs() < 500);
  destroyWorld(world);
});

t.test('a dial from the end-of-turn hook, or from outside the loop, is registered at once', async (t) => {
  const server = new RawServer('127.0.0.1');
  const world = createWorld();
  const recorder = new Recorder(world);
  world.reactor.onTurn = () => {
    world.reactor.onTurn = () => {};
    world.reactor.dial(server.address, 0, recorder);
  };
  world.reactor.turn(0);
  t.same(recorder.events, []);
  const watch = startWatch();
  while (recorder.events.length === 0 && watch.ms() < 20_000) world.reactor.turn(1_000);
  t.same(recorder.events, ['connect']);
  t.ok(watch.quietMs() < 500);
  server.close();
  destroyWorld(world);
});

t.test('a connection that nobody answers ends by its timer', async (t) => {
  const world = createWorld();
  // Its backlog is full, so that the kernel drops further handshakes without an answer.
  const full = new RawServer('127.0.0.1');
  world.kernel.listen(full.fd, 0);
  const fillers = [dial(world, full.address), dial(world, full.address), dial(world, full.address)];
  await turnFor(world, 20);
  const { socket, recorder } = dial(world, full.address);
  send(world, socket, 'waiting');
  recorder.on.timeout = () => world.reactor.reset(socket);
  world.reactor.setTimer(socket, 120);
  // Counted from the reactor's clock, which stands still during a turn.
  const started = world.reactor.now;
  await turnUntil(world, () => recorder.events.length > 0);
  t.same(recorder.events, ['timeout']);
  t.ok(world.reactor.now - started >= 120);
  t.equal(world.slab.chunksInUse, 0);
  for (const filler of fillers) world.reactor.reset(filler.socket);
  t.equal(world.reactor.openSockets, 0);
  full.close();
  destroyWorld(world);
});

t.test('a connection that fails later lets go of what was written to it as soon as it is closed', async (t) => {
  const world = createWorld();
  const full = new RawServer('127.0.0.1');
  world.kernel.listen(full.fd, 0);
  const fillers = [dial(world, full.address), dial(world, full.address), dial(world, full.address)];
  await turnFor(world, 20);
  const { socket, recorder } = dial(world, full.address);
  send(world, socket, 'waiting');
  recorder.on.error = () => world.reactor.close(socket);
  await turnFor(world, 20);
  t.equal(socket.pendingBytes, 7);
  // The handshake is tried again after a second, and meets a closed port.
  full.close();
  await turnUntil(world, () => recorder.events.length > 0);
  t.same(recorder.events, [`error ${errno.ECONNREFUSED}`]);
  t.ok(socket.closed);
  t.equal(world.slab.chunksInUse, 0);
  for (const filler of fillers) world.reactor.reset(filler.socket);
  destroyWorld(world);
});

t.test('what cannot even be started is returned, and leaves nothing', async (t) => {
  const world = createWorld();
  const before = openDescriptors();
  const recorder = new Recorder(world);
  t.equal(world.reactor.dial(addressOf('255.255.255.255', 80), 0, recorder), errno.ENETUNREACH);
  t.equal(world.reactor.openSockets, 0);
  t.equal(openDescriptors(), before);
  await turnFor(world, 20);
  t.same(recorder.events, []);
  destroyWorld(world);
});

t.test('many answers are read from one server that closes at once', async (t) => {
  const server = await startServer('127.0.0.1', (peer) => peer.socket.end('banner'));
  const world = createWorld();
  const dialled = Array.from({ length: 200 }, () => dial(world, addressOf('127.0.0.1', server.port)));
  await turnUntil(world, () => dialled.every(({ recorder }) => recorder.events.includes('end')));
  t.ok(dialled.every(({ recorder }) => recorder.text === 'banner' && recorder.events.join() === 'connect,end'));
  for (const { socket } of dialled) world.reactor.close(socket);
  destroyWorld(world);
  stopServer(server);
});
