/** What happens when the event of one connection changes another whose event lies in the same batch, and when handlers throw. */
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';
import type { Socket } from '../../../src/reactor/socket.ts';
import { pattern } from './support/peer.ts';
import { RawPeer, RawServer } from './support/raw-peer.ts';
import { Recorder } from './support/recorder.ts';
import { createWorld, destroyWorld, listen, send, turnFor, turnUntil, type World } from './support/world.ts';

interface End {
  readonly socket: Socket;
  readonly recorder: Recorder;
  readonly peer: RawPeer;
}

/** `count` accepted connections, in order, with their peers. */
async function acceptMany(world: World, count: number): Promise<End[]> {
  const ends: End[] = [];
  const sockets: Socket[] = [];
  const address = listen(world, '127.0.0.1', (socket) => void sockets.push(socket));
  for (let i = 0; i < count; i++) {
    const peer = RawPeer.connect(address);
    await turnUntil(world, () => sockets.length === i + 1);
    const [socket] = sockets.slice(i);
    if (socket === undefined) throw new Error('nothing was accepted');
    const recorder = new Recorder(world);
    socket.handler = recorder;
    ends.push({ socket, recorder, peer });
  }
  return ends;
}

async function acceptTwo(world: World): Promise<[End, End]> {
  const [a, b] = await acceptMany(world, 2);
  if (a === undefined || b === undefined) throw new Error('nothing was accepted');
  return [a, b];
}

t.test('a closed connection whose descriptor is taken again at once: its events reach nobody', async (t) => {
  const world = createWorld();
  const server = new RawServer('127.0.0.1');
  const [a, b] = await acceptTwo(world);
  const recorder = new Recorder(world);
  const { fd, slot } = b.socket;
  let fresh: Socket | number = 0;
  a.recorder.on.data = () => {
    world.reactor.reset(b.socket);
    fresh = world.reactor.dial(server.address, 0, recorder);
  };
  a.peer.send('first');
  b.peer.send('for the old owner');
  b.peer.fin();
  world.reactor.turn(0);
  if (typeof fresh === 'number') throw new Error('dial failed');
  const socket: Socket = fresh;
  t.equal(socket.fd, fd, 'the very same descriptor');
  t.not(socket.slot, slot, 'but never the same place within a turn');
  t.same(recorder.events, []);
  t.same(b.recorder.events, []);
  await turnUntil(world, () => recorder.events.length > 0);
  await turnFor(world, 20);
  t.same(recorder.events, ['connect']);
  t.equal(recorder.text, '');
  const later = world.reactor.dial(server.address, 0, new Recorder(world));
  if (typeof later === 'number') throw new Error('dial failed');
  t.equal(later.slot, slot, 'the place is used again later');
  t.ok(later.generation > b.socket.generation, 'as another generation');
  server.close();
  destroyWorld(world);
});

t.test('10,000 connections through a table of 8: no event ever reaches the wrong owner', async (t) => {
  const world = createWorld({ slabBytes: 4 * 1024 * 1024, sockets: 8 });
  let wrong = 0;
  let served = 0;
  const address = listen(
    world,
    '127.0.0.1',
    (socket) => {
      const recorder = new Recorder(world);
      let own = '';
      recorder.on.data = () => {
        if (own === '') own = recorder.text;
        if (recorder.text !== own) wrong++;
        served++;
        if (served % 3 === 0) world.reactor.reset(socket);
        else if (served % 3 === 1) world.reactor.close(socket);
        else world.reactor.closeGently(socket);
      };
      socket.handler = recorder;
    },
    () => {},
  );
  for (let i = 0; i < 2_500; i++) {
    const peers = Array.from({ length: 4 }, () => RawPeer.connect(address));
    for (const peer of peers) peer.send(`${i}`);
    for (let turn = 0; turn < 2; turn++) world.reactor.turn(0);
    for (const [k, peer] of peers.entries()) {
      if (k % 2 === 0) peer.rst();
      else peer.close();
    }
  }
  await turnUntil(world, () => world.reactor.openSockets === 0);
  t.equal(wrong, 0);
  t.ok(served > 5_000, `${served} served`);
  t.equal(world.slab.chunksInUse, 0);
  t.same(world.thrown, []);
  destroyWorld(world);
});

t.test(
  'a write that meets the reset of a connection later in the batch: its last bytes, then one error, no end',
  async (t) => {
    for (const [order, words] of [
      ['writer first', 'last words'],
      ['writer first', ''],
      ['reset first', 'last words'],
      ['reset first', ''],
    ] as const) {
      const world = createWorld();
      const [a, b] =
        order === 'writer first' ? await acceptTwo(world) : ((await acceptTwo(world)).reverse() as [End, End]);
      a.recorder.on.data = () => void send(world, b.socket, 'for b');
      const write = (): void => void a.peer.send('go');
      const reset = (): void => {
        if (words !== '') b.peer.send(words);
        b.peer.rst();
      };
      for (const step of order === 'writer first' ? [write, reset] : [reset, write]) step();
      world.reactor.turn(0);
      await turnFor(world, 20);
      t.match(b.recorder.events, [/^error (32|104)$/], order);
      t.equal(b.recorder.events.length, 1);
      t.equal(b.recorder.text, words);
      destroyWorld(world);
    }
  },
);

t.test('pending bytes meet a reset: one error, no end, with and without bytes before it', async (t) => {
  for (const words of ['last words', '']) {
    const world = createWorld();
    const [a] = await acceptTwo(world);
    while (send(world, a.socket, Buffer.alloc(65536)));
    if (words !== '') a.peer.send(words);
    a.peer.rst();
    await turnUntil(world, () => a.recorder.events.length > 0);
    await turnFor(world, 20);
    t.match(a.recorder.events, [/^error (32|104)$/]);
    t.equal(a.recorder.events.length, 1);
    t.equal(a.recorder.text, words);
    world.reactor.close(a.socket);
    t.equal(world.slab.chunksInUse, 0, 'closing lets go of what was pending');
    destroyWorld(world);
  }
});

t.test('resumed by an event of the batch in which its hang-up lies: still read', async (t) => {
  const world = createWorld();
  const [a, b] = await acceptTwo(world);
  a.recorder.on.drain = () => world.reactor.resume(b.socket);
  world.reactor.pause(b.socket);
  world.reactor.end(b.socket);
  b.peer.send('unread');
  while (send(world, a.socket, Buffer.alloc(65536)));
  world.reactor.turn(0);
  // a becomes writable first, then b hangs up: both in one batch.
  a.peer.read();
  b.peer.fin();
  world.reactor.turn(0);
  t.same(a.recorder.events, ['drain'], 'the batch was as meant');
  await turnUntil(world, () => b.recorder.events.length > 0);
  t.equal(b.recorder.text, 'unread');
  t.same(b.recorder.events, ['end']);
  destroyWorld(world);
});

t.test('paused by an event of the batch in which its bytes lie: not read', async (t) => {
  const world = createWorld();
  const [a, b] = await acceptTwo(world);
  a.recorder.on.data = () => world.reactor.pause(b.socket);
  a.peer.send('stop');
  b.peer.send('later');
  world.reactor.turn(0);
  await turnFor(world, 20);
  t.equal(b.recorder.text, '');
  world.reactor.resume(b.socket);
  await turnUntil(world, () => b.recorder.text === 'later');
  destroyWorld(world);
});

t.test('the handler is exchanged by an event of the same batch: the new one hears', async (t) => {
  const world = createWorld();
  const [a, b] = await acceptTwo(world);
  const other = new Recorder(world);
  a.recorder.on.data = () => {
    b.socket.handler = other;
  };
  a.peer.send('swap');
  b.peer.send('hello');
  world.reactor.turn(0);
  t.equal(other.text, 'hello');
  t.equal(b.recorder.text, '');
  destroyWorld(world);
});

t.test('a connection may close, reset or gently close itself and others from every callback', async (t) => {
  const ways = ['close', 'reset', 'closeGently'] as const;
  for (const way of ways) {
    for (const where of ['data', 'end', 'drain', 'timeout', 'error', 'connect'] as const) {
      const world = createWorld();
      const server = new RawServer('127.0.0.1');
      const [a, b] = await acceptTwo(world);
      const dialled = new Recorder(world);
      const socket = world.reactor.dial(server.address, 0, dialled);
      if (typeof socket === 'number') throw new Error('dial failed');
      const end: Pick<End, 'socket' | 'recorder'> = where === 'connect' ? { socket, recorder: dialled } : a;
      let calls = 0;
      end.recorder.on[where] = (self) => {
        calls++;
        for (const other of [self, b.socket, socket, self]) {
          send(world, other, 'parting words');
          world.reactor[way](other);
          send(world, other, 'too late');
          world.reactor.end(other);
          world.reactor.pause(other);
          world.reactor.resume(other);
        }
      };
      await provoke(world, where, a, b);
      await turnFor(world, 20);
      t.equal(calls, 1, `${way} in ${where}`);
      for (const peer of [a.peer, b.peer]) peer.close();
      server.tryAccept()?.close();
      await turnUntil(world, () => world.reactor.openSockets <= (where === 'connect' ? 1 : 0));
      t.same(world.thrown, []);
      t.same(b.recorder.events, []);
      world.reactor.reset(a.socket);
      t.equal(world.slab.chunksInUse, 0);
      server.close();
      destroyWorld(world);
    }
  }
});

/** Makes the callback `where` of `a` happen, with an event of `b` behind it in the batch. */
async function provoke(
  world: World,
  where: 'data' | 'end' | 'drain' | 'timeout' | 'error' | 'connect',
  a: End,
  b: End,
): Promise<void> {
  if (where === 'data') a.peer.send('x');
  if (where === 'end') a.peer.fin();
  if (where === 'timeout') world.reactor.setTimer(a.socket, 1);
  if (where === 'drain') {
    while (send(world, a.socket, Buffer.alloc(65536)));
    await turnUntil(world, () => {
      a.peer.read();
      return a.socket.pending === null;
    });
  }
  if (where === 'error') {
    a.peer.send('x');
    const { peer } = a;
    peer.rst();
    Object.assign(peer, { rst() {}, close() {} });
  }
  b.peer.send('y');
  if (where === 'timeout') await turnFor(world, 80);
  else world.reactor.turn(0);
}

t.test('a handler that throws costs its own connection only; its owner hears of the end', async (t) => {
  for (const where of ['data', 'end', 'timeout', 'drain'] as const) {
    const world = createWorld();
    const [a, b] = await acceptTwo(world);
    a.recorder.on[where] = () => {
      throw new Error(`thrown in ${where}`);
    };
    await provoke(world, where, a, b);
    await turnFor(world, 20);
    t.match(world.thrown, [new RegExp(`thrown in ${where}`)]);
    t.equal(world.thrown.length, 1);
    t.equal(a.recorder.events.at(-1), `error ${errno.ECONNABORTED}`);
    a.peer.read();
    t.equal(a.peer.error, errno.ECONNRESET, 'the peer sees a reset');
    t.equal(b.recorder.text, 'y', 'the other goes on');
    t.equal(world.reactor.openSockets, 1);
    destroyWorld(world);
  }
});

t.test('a handler that throws even when told of the end', async (t) => {
  const world = createWorld();
  const [a, b] = await acceptTwo(world);
  const fail = (): never => {
    throw new Error('always');
  };
  a.recorder.on = { data: fail, error: fail };
  a.peer.send('x');
  b.peer.rst();
  b.recorder.on.error = fail;
  await turnUntil(world, () => world.reactor.openSockets === 0);
  t.equal(world.thrown.length, 4);
  destroyWorld(world);
});

t.test('work done for a connection outside its events costs that connection only when it throws', async (t) => {
  const world = createWorld();
  const [a, b] = await acceptTwo(world);
  const fail = (): never => {
    throw new Error('thrown for the first');
  };
  const later = (socket: Socket, work: () => void): void => {
    const onDelay = (): void => world.reactor.runFor(socket, work);
    world.reactor.silence.add({ waiting: true, onDelay }, world.reactor.now);
  };
  later(a.socket, fail);
  later(b.socket, () => send(world, b.socket, 'served'));
  await turnFor(world, 40);
  t.match(world.thrown, [{ message: 'thrown for the first' }]);
  t.same(a.recorder.events, [`error ${errno.ECONNABORTED}`]);
  t.equal(world.reactor.openSockets, 1);
  for (const { peer } of [a, b]) peer.read();
  t.equal(a.peer.error, errno.ECONNRESET);
  t.equal(b.peer.text, 'served');
  world.reactor.runFor(a.socket, fail);
  t.equal(world.thrown.length, 2, 'for one that is closed already it is only reported');
  t.equal(a.recorder.events.length, 1);
  for (const { peer } of [a, b]) peer.close();
  destroyWorld(world);
});

t.test('what is thrown in accept, connect, a late failure, a silence, a timer or a wake-up stops nobody', async (t) => {
  const world = createWorld();
  const server = new RawServer('127.0.0.1');
  const thrower = new Recorder(world);
  const fail = (where: string) => (): never => {
    throw new Error(where);
  };
  let accepts = 0;
  const address = listen(world, '127.0.0.1', (socket) => {
    socket.handler = thrower;
    if (accepts++ % 2 === 0) fail('accept')();
  });
  const peers = [RawPeer.connect(address), RawPeer.connect(address), RawPeer.connect(address)];
  await turnUntil(world, () => accepts === 3);
  t.equal(world.reactor.openSockets, 1, 'the one between two that threw was kept');
  const connecting = new Recorder(world);
  connecting.on.connect = fail('connect');
  world.reactor.dial(server.address, 0, connecting);
  const early = world.reactor.dial(server.address, 0, connecting);
  if (typeof early !== 'number') send(world, early, 'x');
  await turnUntil(world, () => connecting.events.length === 4);
  const late = world.reactor.dial(server.address, 0, thrower);
  if (typeof late === 'number') throw new Error('dial failed');
  await turnUntil(world, () => thrower.events.includes('connect'));
  server.tryAccept();
  server.tryAccept();
  server.accept().rst();
  thrower.on.error = fail('failure');
  send(world, late, 'x');
  world.reactor.silence.add({ waiting: true, onDelay: fail('silence') }, world.reactor.now);
  world.reactor.schedule({ deadline: 0, wheelTick: -1, onDeadline: fail('timer') }, 1);
  const event = world.kernel.eventDescriptor();
  world.listeners.push(event);
  world.reactor.addWake(event, fail('wake'));
  world.kernel.signalEvent(event);
  await turnFor(world, 120);
  const counts: Record<string, number> = {};
  for (const error of world.thrown) {
    const { message } = error as Error;
    counts[message] = (counts[message] ?? 0) + 1;
  }
  t.same(counts, { accept: 2, connect: 2, failure: 2, silence: 1, timer: 1, wake: 1 });
  t.equal(world.reactor.openSockets, 1);
  for (const peer of peers) peer.close();
  server.close();
  destroyWorld(world);
});

t.test('bytes that one connection gets from another in the same turn are its own copy', async (t) => {
  const world = createWorld();
  const [a, b] = await acceptTwo(world);
  a.recorder.onData = (_, at, length) => void world.reactor.write(b.socket, at, length);
  let sent = 0;
  const total = 4 * 1024 * 1024;
  await turnUntil(
    world,
    () => {
      if (sent < total) sent += a.peer.send(pattern(6, sent, Math.min(30_000, total - sent)));
      b.peer.read(20_000);
      return b.peer.data.length === total;
    },
    15_000,
  );
  t.ok(b.peer.data.equals(pattern(6, 0, total)));
  destroyWorld(world);
});
