import { createHash } from 'node:crypto';
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';
import { Kernel } from '../../../src/reactor/kernel.ts';
import type { Socket } from '../../../src/reactor/socket.ts';
import { SplicePipe } from '../../../src/reactor/splice-pipe.ts';
import { bindCalls, type RawCalls } from '../../../src/reactor/syscalls.ts';
import { createFaultyCalls } from './support/faulty-calls.ts';
import { pattern } from './support/peer.ts';
import { RawPeer } from './support/raw-peer.ts';
import { Relay } from './support/relay.ts';
import {
  countIdleTurns,
  createWorld,
  destroyWorld,
  listen,
  openDescriptors,
  ROOMY,
  turnUntil,
  type World,
} from './support/world.ts';

interface Bench {
  readonly world: World;
  readonly source: Socket;
  readonly target: Socket;
  readonly from: RawPeer;
  readonly to: RawPeer;
  readonly pipe: SplicePipe;
}

/** Two accepted connections that nobody reads, and a pipe between them. */
async function createBench(): Promise<Bench> {
  const world = createWorld();
  const sockets: Socket[] = [];
  const address = listen(world, '127.0.0.1', (socket) => {
    world.reactor.pause(socket);
    sockets.push(socket);
  });
  const from = RawPeer.connect(address);
  await turnUntil(world, () => sockets.length === 1);
  const to = RawPeer.connect(address);
  await turnUntil(world, () => sockets.length === 2);
  const [source, target] = sockets as [Socket, Socket];
  const pipe = SplicePipe.open(world.kernel);
  if (pipe === null) throw new Error('no pipe');
  return { world, source, target, from, to, pipe };
}

function destroyBench({ world, from, to, pipe }: Bench): void {
  pipe.close();
  from.close();
  to.close();
  destroyWorld(world);
}

t.test('bytes pass in order and are counted on both sides; nothing more is drained', async (t) => {
  const before = openDescriptors();
  const bench = await createBench();
  const { pipe, source, target } = bench;
  t.equal(pipe.pump(source, target, false), 'drained');
  bench.from.send(pattern(1, 0, 50_000));
  t.equal(pipe.pump(source, target, false), 'drained');
  bench.to.read();
  t.ok(bench.to.data.equals(pattern(1, 0, 50_000)));
  t.equal(source.bytesRead, 50_000);
  t.equal(target.bytesWritten, 50_000);
  t.equal(pipe.held, 0);
  destroyBench(bench);
  t.equal(openDescriptors(), before);
});

t.test('FIN is told after everything before it has passed, and again when asked again', async (t) => {
  const bench = await createBench();
  const { pipe, source, target } = bench;
  bench.from.send('last');
  bench.from.fin();
  t.equal(pipe.pump(source, target, false), 'ended');
  bench.to.read();
  t.equal(bench.to.text, 'last');
  t.equal(pipe.pump(source, target, false), 'ended');
  destroyBench(bench);
});

t.test('a source whose end was met before the pipe is not read again', async (t) => {
  const bench = await createBench();
  bench.from.fin();
  bench.source.readClosed = true;
  t.equal(bench.pipe.pump(bench.source, bench.target, false), 'drained');
  destroyBench(bench);
});

t.test('a target that takes no more blocks; what is held passes later, before the end is told', async (t) => {
  const bench = await createBench();
  const { pipe, source, target } = bench;
  let sent = 0;
  for (let last = '', i = 0; i < 1_000 && last !== 'blocked'; i++) {
    sent += bench.from.send(pattern(2, sent, 65536));
    const result = pipe.pump(source, target, false);
    last = typeof result === 'string' ? result : '';
  }
  t.ok(pipe.held > 0);
  for (let n = 1; n > 0; sent += n) n = bench.from.send(pattern(2, sent, 65536));
  bench.from.fin();
  t.equal(pipe.pump(source, target, false), 'blocked');
  t.ok(pipe.held <= 1 << 20, 'never more than a pipe of 1 MiB, however large the pages of the network are');
  for (let i = 0; i < 10_000; i++) {
    bench.to.read();
    if (pipe.pump(source, target, false) === 'ended') break;
  }
  bench.to.read();
  t.equal(bench.to.data.length, sent);
  t.ok(bench.to.data.equals(pattern(2, 0, sent)));
  t.equal(pipe.held, 0);
  destroyBench(bench);
});

t.test('work per call is bounded', async (t) => {
  const bench = await createBench();
  let calls = 0;
  const endless = (): number => {
    calls++;
    return 5;
  };
  const kernel = new Kernel(bench.world.slab, { ...createFaultyCalls().calls, splice: endless });
  const pipe = SplicePipe.open(kernel);
  t.equal(pipe?.pump(bench.source, bench.target, false), 'yield', 'a source that never runs dry');
  t.ok(calls <= 16);
  pipe?.close();
  destroyBench(bench);
});

t.test('errors name the side that failed', async (t) => {
  const bench = await createBench();
  bench.from.send('lost');
  bench.from.rst();
  const first = bench.pipe.pump(bench.source, bench.target, false);
  const result = first === 'drained' ? bench.pipe.pump(bench.source, bench.target, false) : first;
  t.same(result, { side: 'source', errno: errno.ECONNRESET });
  bench.world.reactor.reset(bench.source);
  destroyWorld(bench.world);

  const other = await createBench();
  other.from.send('nobody takes this');
  other.to.rst();
  t.match(other.pipe.pump(other.source, other.target, false), { side: 'target', errno: /^(32|104)$/ });
  destroyWorld(other.world);
  other.pipe.close();
  bench.pipe.close();
  other.from.close();
  bench.to.close();
});

t.test('no descriptors, no pipe: null, and nothing is left open', async (t) => {
  const faulty = createFaultyCalls();
  const world = createWorld();
  faulty.plans = [{ call: 'pipe2', at: 1, fault: errno.EMFILE }];
  const before = openDescriptors();
  t.equal(SplicePipe.open(new Kernel(world.slab, faulty.calls)), null);
  t.equal(openDescriptors(), before);
  destroyWorld(world);
});

/** A spliced relay from a peer to another one, both driven by hand. */
async function createRelay(
  calls: RawCalls = bindCalls(),
): Promise<{ world: World; relay: Relay; client: RawPeer; server: RawPeer }> {
  const world = createWorld(ROOMY, calls);
  const sockets: Socket[] = [];
  const relays: Relay[] = [];
  const address = listen(world, '127.0.0.1', (socket) => {
    sockets.push(socket);
    const [first, second] = sockets;
    if (first !== undefined && second !== undefined) relays.push(new Relay(world, first, second, 0));
  });
  const client = RawPeer.connect(address);
  const server = RawPeer.connect(address);
  await turnUntil(world, () => relays.length === 1);
  client.send('a');
  const [relay] = relays as [Relay];
  await turnUntil(world, () => relay.spliced);
  server.read();
  return { world, relay, client, server };
}

t.test('50 MB one way and 10 MB back through a spliced relay: equal checksums, clean ends, no slab', async (t) => {
  const before = openDescriptors();
  const { world, relay, client, server } = await createRelay();
  const block = pattern(3, 0, 65536);
  const totals = { down: 50 * 1024 * 1024, up: 10 * 1024 * 1024 };
  const sent = { down: 0, up: 0 };
  const finished = { down: false, up: false };
  let mostChunks = 0;
  const feed = (peer: RawPeer, way: 'down' | 'up'): void => {
    while (sent[way] < totals[way]) {
      const n = peer.send(
        block.subarray(sent[way] % 65536, Math.min(65536, (sent[way] % 65536) + totals[way] - sent[way])),
      );
      if (n === 0) return;
      sent[way] += n;
    }
    if (!finished[way]) peer.fin();
    finished[way] = true;
  };
  await turnUntil(
    world,
    () => {
      feed(server, 'down');
      feed(client, 'up');
      client.read();
      server.read();
      mostChunks = Math.max(mostChunks, world.slab.chunksInUse);
      return relay.endings.length > 0 && client.ended && server.ended;
    },
    15_000,
  );
  t.same(relay.endings, ['closed']);
  t.equal(mostChunks, 0);
  t.equal(client.data.length, totals.down);
  t.equal(digest(client.data), digestOf(block, totals.down));
  t.equal(digest(server.data.subarray(1)), digestOf(block, totals.up));
  t.equal(world.reactor.openSockets, 0);
  client.close();
  server.close();
  destroyWorld(world);
  t.equal(openDescriptors(), before);
});

function digest(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

function digestOf(block: Buffer, total: number): string {
  const hash = createHash('sha1');
  for (let left = total; left > 0; left -= block.length) hash.update(block.subarray(0, Math.min(left, block.length)));
  return hash.digest('hex');
}

t.test('a spliced relay sleeps while a reader is slow, also when both ends of a side are in', async (t) => {
  const { world, relay, client, server } = await createRelay();
  client.fin();
  await turnUntil(world, () => {
    server.read();
    return server.ended;
  });
  let sent = 0;
  for (let idle = 0; idle < 20; ) {
    const n = server.send(pattern(4, sent, 65536));
    sent += n;
    idle = n === 0 ? idle + 1 : 0;
    world.reactor.turn(0);
  }
  server.fin();
  t.ok(countIdleTurns(world, 300) <= 25, 'blocked, with FIN in both directions on the server side');
  await turnUntil(world, () => {
    client.read();
    return client.ended;
  });
  t.ok(client.data.equals(pattern(4, 0, sent)));
  t.same(relay.endings, ['closed']);
  client.close();
  server.close();
  destroyWorld(world);
});

t.test('a reset on either side of a spliced relay resets the other, once, and leaves no pipe', async (t) => {
  for (const side of ['client', 'server'] as const) {
    const before = openDescriptors();
    const { world, relay, client, server } = await createRelay();
    const [dying, other] = side === 'client' ? [client, server] : [server, client];
    for (let i = 0; i < 40; i++) {
      dying.send(pattern(1, 0, 65536));
      world.reactor.turn(0);
    }
    dying.rst();
    await turnUntil(world, () => relay.endings.length > 0);
    other.read();
    t.equal(other.error, errno.ECONNRESET);
    t.match(relay.endings, [/^error/]);
    t.equal(world.reactor.openSockets, 0);
    other.close();
    destroyWorld(world);
    t.equal(openDescriptors(), before);
  }
});

t.test('the end of the thread closes the pipes of relays under way', async (t) => {
  const before = openDescriptors();
  const { world, client, server } = await createRelay();
  destroyWorld(world);
  client.read();
  t.equal(client.error, errno.ECONNRESET);
  client.close();
  server.close();
  t.equal(openDescriptors(), before);
});

t.test('no descriptor is closed while the table that main cleans up by still names it', async (t) => {
  for (const how of ['closed', 'reset', 'thrown'] as const) {
    const calls = createFaultyCalls().calls;
    let cells = new Int32Array(new SharedArrayBuffer(0));
    let closed = 0;
    const named: number[] = [];
    const close = (fd: number): number => {
      closed++;
      if (cells.includes(fd + 1)) named.push(fd);
      return calls.close(fd);
    };
    const { world, relay, client, server } = await createRelay({ ...calls, close });
    cells = new Int32Array(world.descriptors.shared);
    t.equal(cells.filter((cell) => cell !== 0).length, 7, 'epoll, two connections and two pipes');
    if (how === 'reset') client.rst();
    else client.fin();
    if (how === 'thrown') relay.onReadable = () => failTheRelay();
    if (how === 'closed') server.fin();
    await turnUntil(world, () => relay.endings.length > 0);
    t.equal(world.reactor.openSockets, 0, how);
    t.equal(closed, 6, 'two connections and two pipes of two ends');
    t.same(named, []);
    t.equal(cells.filter((cell) => cell !== 0).length, 1, 'epoll alone is left');
    if (how !== 'reset') client.close();
    server.close();
    destroyWorld(world);
  }
});

function failTheRelay(): never {
  throw new Error('thrown while moving bytes');
}

t.test('a closed pipe never touches the descriptors that got its numbers', async (t) => {
  const bench = await createBench();
  bench.from.send('too late');
  bench.pipe.close();
  const { world } = bench;
  t.ok(world.kernel.pipe() >= 0);
  const successor = world.kernel.pipeEnds();
  t.match(bench.pipe.pump(bench.source, bench.target, false), { side: 'source', errno: 9 });
  bench.pipe.close();
  t.ok(world.kernel.setPipeSize(successor.write, 65536) >= 0, 'still open');
  for (const fd of [successor.read, successor.write]) world.kernel.close(fd);
  destroyBench(bench);
});
