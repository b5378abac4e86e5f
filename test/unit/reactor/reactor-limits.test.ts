/** What runs out: descriptors, places, buffers. And what comes from other threads. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket as NodeSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';
import { MINIMUM_SLAB_BYTES } from '../../../src/reactor/slab.ts';
import type { Socket } from '../../../src/reactor/socket.ts';
import { startWatch } from '../../helpers/stopwatch.ts';
import { RawPeer, RawServer } from './support/raw-peer.ts';
import { Recorder } from './support/recorder.ts';
import { createWorld, destroyWorld, listen, openDescriptors, send, turnFor, turnUntil } from './support/world.ts';

t.test('another thread wakes the loop through an eventfd, out of a sleep', async (t) => {
  const world = createWorld();
  const event = world.kernel.eventDescriptor();
  world.listeners.push(event);
  let wakes = 0;
  world.reactor.addWake(event, () => void wakes++);
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./support/signal-event.ts', import.meta.url), { workerData: { event, gate } });
  await once(worker, 'message');
  for (let round = 1; round <= 3; round++) {
    const watch = startWatch();
    Atomics.add(gate, 0, 1);
    Atomics.notify(gate, 0);
    world.reactor.turn(5_000);
    t.equal(wakes, round);
    t.ok(watch.quietMs() < 1_000);
    world.reactor.turn(0);
    t.equal(wakes, round, 'once for each signal');
  }
  await worker.terminate();
  destroyWorld(world);
});

t.test('more connections than places: the surplus is reset and reported, the others are served', async (t) => {
  // One place is the listener's.
  const world = createWorld({ slabBytes: 4 * 1024 * 1024, sockets: 4 });
  const accepted: Socket[] = [];
  const sheds: number[] = [];
  const address = listen(
    world,
    '127.0.0.1',
    (socket) => void accepted.push(socket),
    (code) => void sheds.push(code),
  );
  const peers = Array.from({ length: 10 }, () => RawPeer.connect(address));
  await turnUntil(world, () => accepted.length + sheds.length === 10);
  t.equal(accepted.length, 3);
  t.same(sheds, new Array(7).fill(0));
  for (const peer of peers) peer.read();
  t.equal(peers.filter((peer) => peer.error === errno.ECONNRESET).length, 7);
  t.equal(world.reactor.dial(address, 0, new Recorder(world)), errno.ENFILE, 'nor can one be dialled');
  t.throws(() => world.reactor.addWake(0, () => {}), /no place left/);
  t.throws(() => world.reactor.addListener(0, { family: 4, onAccept: () => {}, onShed: () => {} }), /no place left/);
  for (const socket of accepted) world.reactor.close(socket);
  await turnFor(world, 5);
  const late = RawPeer.connect(address);
  await turnUntil(world, () => accepted.length === 4);
  for (const peer of [...peers, late]) peer.close();
  destroyWorld(world);
});

t.test(
  'out of buffers: the connection that asked is failed once, the others go on, all buffers come back',
  async (t) => {
    const world = createWorld({ slabBytes: MINIMUM_SLAB_BYTES + 64, sockets: 16 });
    const recorders: Recorder[] = [];
    const sockets: Socket[] = [];
    const address = listen(world, '127.0.0.1', (socket) => {
      const recorder = new Recorder(world);
      recorder.on.error = (self) => world.reactor.reset(self);
      socket.handler = recorder;
      recorders.push(recorder);
      sockets.push(socket);
    });
    const peers = [RawPeer.connect(address), RawPeer.connect(address)];
    await turnUntil(world, () => sockets.length === 2);
    const [greedy, modest] = sockets as [Socket, Socket];
    // Ignores that write says stop.
    for (let i = 0; i < 2_000; i++) send(world, greedy, Buffer.alloc(65536));
    t.equal(world.slab.freeLargeChunks, 0);
    t.equal(send(world, greedy, 'x'), true, 'nothing more is taken from it');
    t.same(recorders[0]?.events, [], 'told at the end of the turn');
    await turnFor(world, 10);
    t.same(recorders[0]?.events, [`error ${errno.ENOBUFS}`]);
    t.equal(world.slab.chunksInUse, 0);
    peers[1]?.send('still here');
    await turnUntil(world, () => recorders[1]?.text === 'still here');
    world.reactor.reset(modest);
    for (const peer of peers) peer.close();
    destroyWorld(world);
  },
);

t.test('bytes that found no buffer are never left out of a stream that moves on', async (t) => {
  const world = createWorld({ slabBytes: MINIMUM_SLAB_BYTES + 64, sockets: 16 });
  const server = new RawServer('127.0.0.1');
  const recorder = new Recorder(world);
  const refused = world.reactor.dial(server.address.withPort(1), 0, recorder);
  if (typeof refused === 'number') throw new Error('dial failed');
  for (let i = 0; i < 40; i++) send(world, refused, Buffer.alloc(65536, i));
  world.reactor.turn(0);
  t.same(recorder.events, [`error ${errno.ENOBUFS}`]);
  const second = new Recorder(world);
  const next = world.reactor.dial(server.address, 0, second);
  if (typeof next === 'number') throw new Error('dial failed');
  world.reactor.movePending(refused, next);
  world.reactor.reset(refused);
  await turnFor(world, 20);
  t.same(second.events, [`error ${errno.ENOBUFS}`]);
  const peer = server.accept();
  peer.read();
  t.equal(peer.text, '', 'nothing was sent');
  world.reactor.reset(next);
  t.equal(world.slab.chunksInUse, 0);
  peer.close();
  server.close();
  destroyWorld(world);
});

t.test('reads get small when buffers run short, so that every connection moves', async (t) => {
  const world = createWorld({ slabBytes: MINIMUM_SLAB_BYTES + 64, sockets: 16 });
  const recorder = new Recorder(world);
  const sizes: number[] = [];
  recorder.onData = (_socket, _at, length) => void sizes.push(length);
  const address = listen(world, '127.0.0.1', (socket) => {
    socket.handler = recorder;
  });
  const peer = RawPeer.connect(address);
  await turnUntil(world, () => world.reactor.openSockets === 1);
  const held: number[] = [];
  while (world.slab.freeLargeChunks > 2) held.push(world.slab.allocate(65536));
  peer.send(Buffer.alloc(65536));
  await turnUntil(world, () => sizes.reduce((sum, n) => sum + n, 0) === 65536);
  t.ok(Math.max(...sizes) <= 4096);
  for (const chunk of held) world.slab.release(chunk);
  peer.close();
  destroyWorld(world);
});

t.test('a descriptor table of a dying thread: nothing stays open after closeAll', async (t) => {
  const before = openDescriptors();
  for (let i = 0; i < 20; i++) {
    const world = createWorld();
    const address = listen(world, '127.0.0.1', () => {});
    const peers = [RawPeer.connect(address), RawPeer.connect(address)];
    world.reactor.dial(address, 0, new Recorder(world));
    for (let k = 0; k <= i % 4; k++) world.reactor.turn(0);
    destroyWorld(world);
    for (const peer of peers) peer.close();
  }
  t.equal(openDescriptors(), before);
});

/** A process with few descriptors whose reactor accepts and holds connections; it says on standard output how many. */
async function startCramped(reserve: 'reserve' | 'no reserve') {
  const script = fileURLToPath(new URL('./support/cramped-server.ts', import.meta.url));
  const command = 'ulimit -n 64 && exec "$0" --disable-warning=ExperimentalWarning "$@"';
  const child: ChildProcess = spawn('sh', ['-c', command, process.execPath, script, reserve], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const state = { port: 0, accepted: 0, shed: 0, open: 0 };
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) Object.assign(state, JSON.parse(line));
  });
  await until(() => state.port > 0);
  return { child, state };
}

async function until(done: () => boolean): Promise<void> {
  const limit = performance.now() + 20_000;
  while (!done()) {
    if (performance.now() > limit) throw new Error('not done within 20 s');
    await sleep(5);
  }
}

/** CPU seconds used so far (proc(5): utime and stime in clock ticks of 10 ms). */
function cpuSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function open(port: number): { socket: NodeSocket; lost: boolean } {
  const client = { socket: connect({ host: '127.0.0.1', port }), lost: false };
  client.socket.on('error', () => {
    client.lost = true;
  });
  return client;
}

t.test('out of descriptors with an empty queue: nothing is counted as refused that was not', async (t) => {
  const { child, state } = await startCramped('reserve');
  const clients: ReturnType<typeof open>[] = [];
  // One after the other, so that the last free descriptor goes to the last connection of the queue.
  for (let opened = 1; opened <= 70; opened++) {
    clients.push(open(state.port));
    await until(() => state.accepted + state.shed >= opened);
    if (state.accepted + state.shed !== opened) break;
  }
  await until(() => clients.filter((client) => client.lost).length === state.shed);
  t.equal(state.accepted + state.shed, 70);
  t.ok(state.shed > 2, `${state.shed} refused`);
  for (const { socket } of clients) socket.destroy();
  child.kill();
  await once(child, 'exit');
});

t.test('out of descriptors: what cannot be served is refused without spinning, and service returns', async (t) => {
  for (const reserve of ['reserve', 'no reserve'] as const) {
    const { child, state } = await startCramped(reserve);
    const clients = Array.from({ length: 100 }, () => open(state.port));
    if (reserve === 'reserve') {
      await until(() => state.accepted + state.shed === 100);
      await until(() => clients.filter((client) => client.lost).length === state.shed);
      t.ok(state.accepted > 10 && state.shed > 30, `${state.accepted} accepted, ${state.shed} refused`);
    } else await until(() => state.shed > 2);
    const before = cpuSeconds(child.pid);
    await sleep(700);
    const used = cpuSeconds(child.pid) - before;
    t.ok(used < 0.25, `${reserve}: ${used} s of CPU in 0.7 s`);
    const accepted = state.accepted;
    for (const { socket } of clients) socket.destroy();
    await until(() => state.open === 0);
    const late = open(state.port);
    await until(() => state.accepted > accepted && state.open === 1);
    t.notOk(late.lost, `${reserve}: served again`);
    late.socket.destroy();
    child.kill();
    await once(child, 'exit');
  }
});
