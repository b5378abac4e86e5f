/**
 * Clients that mean harm: what each kind can cost in memory and in others' time. While the attack goes on a well-behaved client asks
 * again and again. Everything runs in one thread with the attackers and the server, and on machines that are busy, so the limits on its
 * latency are wide; a proxy that stalls would miss them by far.
 */
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Limits } from '../../../src/proxy/context.ts';
import { SOL_SOCKET } from '../../../src/reactor/syscalls.ts';
import { ProxyRig, type RigClient, serviceView } from '../../helpers/proxy-rig.ts';
import { startWatch } from '../../helpers/stopwatch.ts';

/** asm-generic/socket.h */
const SO_SNDBUF = 7;
const GET = 'GET /good HTTP/1.1\r\nHost: orders\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
/** Limits on what a neighbour waits. */
const MAX_MEDIAN_MS = 50;
const MAX_P99_MS = 1000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that answers each GET with that many bytes, and reads uploads without answering. */
function serving(bytes: number): (socket: Socket) => void {
  const answer = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`);
  return (socket) => {
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      for (const _ of text.match(/GET \/good/g) ?? []) socket.write(OK);
      for (const _ of text.match(/GET \/big/g) ?? []) socket.write(answer);
    });
    socket.on('end', () => socket.end());
  };
}

async function start(limits: Partial<Limits>, bytes = 2): Promise<ProxyRig> {
  const rig = new ProxyRig(limits);
  const { port } = await rig.serve(serving(bytes));
  rig.service(serviceView([port], { protocol: 'http1' }));
  return rig;
}

function attackers(rig: ProxyRig, count: number): Promise<RigClient[]> {
  return Promise.all(Array.from({ length: count }, () => rig.client()));
}

/** Makes the kernel hold little for the clients, so that a few hundred KiB block a reader that reads nothing. */
function shrinkKernelBuffers(rig: ProxyRig): void {
  rig.reactor.forEachSocket((socket) => rig.reactor.kernel.setOption(socket.fd, SOL_SOCKET, SO_SNDBUF, 16_384));
}

/** Asks `times` times, one after the other; latencies in ms, sorted. */
async function ask(rig: ProxyRig, neighbour: RigClient, times: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) {
    neighbour.clear();
    const since = performance.now();
    neighbour.send(GET);
    await rig.until(() => neighbour.text === OK, 'the answer for the neighbour');
    all.push(performance.now() - since);
    await pause(2);
  }
  return all.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;

function judge(t: Test, before: readonly number[], during: readonly number[]): void {
  const words = (times: readonly number[]): string =>
    `p50 ${at(times, 0.5).toFixed(1)}, p99 ${at(times, 0.99).toFixed(1)} ms`;
  const good = at(during, 0.5) < MAX_MEDIAN_MS && at(during, 0.99) < MAX_P99_MS;
  t.ok(good, `the neighbour waits ${words(during)} under attack, ${words(before)} before`);
}

async function end(t: Test, rig: ProxyRig): Promise<void> {
  t.same(await rig.end(), { errors: [], internal: 0, chunks: 0 });
}

t.test('slow heads: 300 clients that send a byte now and then hold 4 KiB each, and are gone in time', async (t) => {
  const rig = await start({ headTimeoutMs: 1500 });
  const neighbour = await rig.client();
  const before = await ask(rig, neighbour, 50);
  const bad = await attackers(rig, 300);
  const watch = startWatch();
  for (const client of bad) client.send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
  const drip = setInterval(() => {
    for (const client of bad) if (!client.ended) client.send('x');
  }, 100);
  const during = await ask(rig, neighbour, 100);
  const { slab } = rig.reactor;
  t.ok(slab.chunksInUse <= 320, `${slab.chunksInUse} chunks in use`);
  t.ok(slab.largeChunks - slab.freeLargeChunks <= 20, 'hardly a large one among them');
  await rig.until(() => bad.every((client) => client.ended || client.closed), 'their end');
  t.ok(watch.quietMs() < 3500, `all were gone after ${watch.ms()} ms`);
  clearInterval(drip);
  t.equal(bad.filter((client) => client.text.startsWith('HTTP/1.1 408 ')).length, 300, 'each was told why');
  judge(t, before, during);
  await end(t, rig);
});

t.test('large heads that never end: at most half of the large buffers, and the others are served', async (t) => {
  const rig = await start({ headTimeoutMs: 2000 });
  const neighbour = await rig.client();
  const before = await ask(rig, neighbour, 50);
  const bad = await attackers(rig, 200);
  for (const client of bad) client.send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}`);
  const during = await ask(rig, neighbour, 100);
  const { slab } = rig.reactor;
  t.ok(slab.freeLargeChunks * 2 >= slab.largeChunks - 2, `${slab.freeLargeChunks} of ${slab.largeChunks} are free`);
  t.ok(
    bad.filter((client) => client.text.startsWith('HTTP/1.1 503 ')).length > 100,
    'those for whom there was no room were told so',
  );
  judge(t, before, during);
  await rig.until(() => bad.every((client) => client.ended || client.closed), 'their end');
  await end(t, rig);
});

t.test('a flood of fields and of heads without end is refused at the limit, whatever comes behind', async (t) => {
  const rig = await start({});
  const neighbour = await rig.client();
  const before = await ask(rig, neighbour, 50);
  const bad = await attackers(rig, 20);
  const flood = Buffer.from('X: y\r\n'.repeat(200_000));
  for (const client of bad) {
    client.send('GET / HTTP/1.1\r\nHost: a\r\n');
    client.send(flood);
  }
  const during = await ask(rig, neighbour, 100);
  await rig.until(() => bad.every((client) => client.ended || client.closed), 'their end');
  const read = rig.closed.map(({ record }) => record.bytesFromClient);
  t.ok(Math.max(...read) < 256 * 1024, `${Math.max(...read)} of ${flood.length} bytes were read of the worst`);
  judge(t, before, during);
  await end(t, rig);
});

t.test(
  'slow bodies: a client that sends nothing of its body any more is given up, and its endpoint freed',
  async (t) => {
    const rig = await start({ stallMs: 1000 });
    const neighbour = await rig.client();
    const before = await ask(rig, neighbour, 50);
    const bad = await attackers(rig, 100);
    const watch = startWatch();
    for (const client of bad) client.send('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc');
    await rig.until(() => [...rig.context.outbound.all()][0]?.active === 100, 'the uploads');
    const during = await ask(rig, neighbour, 100);
    await rig.until(() => bad.every((client) => client.ended || client.closed), 'their end');
    t.ok(watch.ms() >= 1000 && watch.quietMs() < 2500, `after ${watch.ms()} ms`);
    t.equal(bad.filter((client) => client.text.startsWith('HTTP/1.1 408 ')).length, 100, 'each was told why');
    t.equal(rig.count('towpath_requests_total', { flags: 'SI' }), 100);
    judge(t, before, during);
    await end(t, rig);
  },
);

t.test('dribbling bodies: below the minimum rate they end, above it they go on', async (t) => {
  const rig = await start({ stallMs: 1000, bodyBytesPerSecond: 100 });
  const [slow, fast] = await attackers(rig, 2);
  if (slow === undefined || fast === undefined) throw new Error('no clients');
  for (const client of [slow, fast]) client.send('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
  const drip = setInterval(() => {
    slow.send('x');
    fast.send('x'.repeat(20));
  }, 50);
  slow.socket.on('error', () => {});
  await rig.until(() => slow.ended || slow.closed, 'the end of the slow one');
  t.match(slow.text, /^HTTP\/1\.1 408 /);
  await pause(1500);
  t.notOk(fast.ended || fast.closed, 'the fast one goes on');
  clearInterval(drip);
  await end(t, rig);
});

t.test('a pipelining flood: 20 clients send 100,000 requests each and read nothing', async (t) => {
  const rig = await start({ stallMs: 1000 });
  const neighbour = await rig.client();
  const before = await ask(rig, neighbour, 50);
  const bad = await attackers(rig, 20);
  const flood = Buffer.from('GET /big HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100_000));
  for (const client of bad) {
    client.socket.pause();
    client.send(flood);
  }
  const during = await ask(rig, neighbour, 200);
  const { slab } = rig.reactor;
  t.ok(
    slab.largeChunks - slab.freeLargeChunks <= 45,
    `${slab.largeChunks - slab.freeLargeChunks} large buffers in use`,
  );
  judge(t, before, during);
  await end(t, rig);
});

t.test('readers that read nothing are cut after the limit; the kernel holds their answers, not we', async (t) => {
  const rig = await start({ stallMs: 1000 }, 4 << 20);
  const neighbour = await rig.client();
  const before = await ask(rig, neighbour, 50);
  const bad = await attackers(rig, 30);
  await rig.until(() => rig.reactor.openSockets >= 31, 'the connections');
  shrinkKernelBuffers(rig);
  for (const client of bad) {
    client.socket.pause();
    client.send('GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
  }
  await pause(300);
  const during = await ask(rig, neighbour, 100);
  const { slab } = rig.reactor;
  t.ok(slab.chunksInUse <= 40, `${slab.chunksInUse} buffers are in use for 30 answers of 4 MiB`);
  await rig.until(() => rig.count('towpath_requests_total', { flags: 'SI' }) === 30, 'their end');
  judge(t, before, during);
  await end(t, rig);
});

t.test('when memory is short, whoever holds it without moving goes first', async (t) => {
  const rig = await start({}, 1 << 20);
  // No pipes: every blocked answer holds a buffer.
  rig.reactor.pipes.lend = () => null;
  const neighbour = await rig.client();
  const before = await ask(rig, neighbour, 50);
  const bad = await attackers(rig, 120);
  await rig.until(() => rig.reactor.openSockets >= 121, 'the connections');
  shrinkKernelBuffers(rig);
  for (const client of bad) {
    client.socket.pause();
    client.send('GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
  }
  const { slab } = rig.reactor;
  const starved = (): boolean => slab.freeLargeChunks * 4 < slab.largeChunks;
  await rig.until(starved, 'memory to be short');
  await pause(500);
  t.ok(starved(), `${slab.freeLargeChunks} of ${slab.largeChunks} large buffers are free`);
  await rig.until(() => !starved(), 'the relief');
  const during = await ask(rig, neighbour, 50);
  t.ok(rig.closed.filter(({ record }) => record.flag === 'UO').length > 60, 'they were cut for want of memory');
  judge(t, before, during);
  await end(t, rig);
});
