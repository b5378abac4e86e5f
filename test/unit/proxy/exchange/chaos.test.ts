/** Peers that stop, reset, dawdle and vanish at random, a few thousand times: every request is counted once, and nothing is left over. */
import { createServer as createPlainServer } from 'node:http';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import t from 'tap';
import { begin, connectHttp2, ended, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { check } from '../support/http2-rig.ts';

/** Uniform in [0, 1), the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x100000000;
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function http2Service(rig: ProxyRig, random: () => number): Promise<number> {
  const server = await serveHttp2(
    rig,
    async (stream) => {
      const dice = random();
      if (dice < 0.1) return stream.close(Math.floor(random() * 14));
      if (dice < 0.12) return stream.session?.destroy();
      if (dice < 0.14) stream.session?.close();
      if (random() < 0.5) stream.resume();
      if (random() < 0.3) await pause(random() * 20);
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      if (random() < 0.3) stream.write('x'.repeat(random() * 400_000));
      if (random() < 0.1) return stream.close(2);
      stream.end('y'.repeat(random() * 1000));
    },
    { maxConcurrentStreams: 20 },
  );
  return server.port;
}

async function http1Service(rig: ProxyRig, random: () => number): Promise<number> {
  const server = createPlainServer(async (request, response) => {
    request.on('error', () => {});
    response.on('error', () => {});
    const dice = random();
    if (dice < 0.1) return void request.socket.destroy();
    if (random() < 0.5) request.resume();
    if (random() < 0.3) await pause(random() * 20);
    if (random() < 0.5) response.setHeader('content-length', 300);
    response.write('z'.repeat(100));
    if (random() < 0.1) return void request.socket.destroy();
    response.end('z'.repeat(200));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  rig.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function http2Client(rig: ProxyRig, random: () => number, requests: number): Promise<void> {
  let session = await connectHttp2(rig);
  const running: Promise<void>[] = [];
  for (let i = 0; i < requests; i++) {
    if (session.destroyed || session.closed || random() < 0.01) {
      session.destroy();
      session = await connectHttp2(rig);
    }
    const hasBody = random() < 0.4;
    const answer = begin(session, { ':method': hasBody ? 'POST' : 'GET' }, !hasBody);
    const { stream } = answer;
    if (hasBody) stream.write('b'.repeat(random() * 300_000));
    if (hasBody && random() < 0.8) stream.end('c');
    setTimeout(() => stream.close(8), random() < 0.2 ? random() * 20 : 400);
    running.push(ended(answer));
    if (random() < 0.3) await pause(random() * 5);
  }
  await Promise.all(running);
  session.destroy();
}

async function http1Client(rig: ProxyRig, random: () => number, requests: number): Promise<void> {
  for (let i = 0; i < requests; i++) {
    const socket = connectTcp(rig.port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    const length = Math.floor(random() * 200_000);
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write('d'.repeat(random() < 0.8 ? length : length / 2));
    await pause(random() * 15);
    if (random() < 0.5) socket.resetAndDestroy();
    else socket.destroy();
  }
}

for (const [name, protocol, service, client] of [
  ['HTTP/2 to HTTP/2', 'http2', http2Service, http2Client],
  ['HTTP/2 to HTTP/1.1', 'http1', http1Service, http2Client],
  ['HTTP/1.1 to HTTP/2', 'http2', http2Service, http1Client],
] as const) {
  t.test(`${name}: nothing leaks, whatever the peers do`, { timeout: 60_000 }, async (t) => {
    const seed = Date.now() >>> 0;
    t.comment(`seed ${seed}`);
    const rig = new ProxyRig({ maxHttp2PerEndpoint: 2, streamWaitMs: 200 });
    const random = randomFrom(seed);
    const ports = [await service(rig, random), await service(rig, random)];
    rig.service(serviceView(ports, { protocol }));
    await Promise.all([1, 2, 3].map(() => client(rig, random, 250)));
    const idle = (): boolean => [...rig.context.outbound.all()].every(({ active }) => active === 0);
    await rig.until(idle, 'the last exchange');
    const open = (): number => rig.count('towpath_connections_opened_total') - rig.closed.length;
    await rig.until(() => open() === 0, 'the last record');
    const requests = rig.closed.reduce((sum, { record }) => sum + record.requests, 0);
    t.ok(requests > 100, `${requests} requests`);
    t.equal(rig.count('towpath_requests_total'), requests, 'each was counted once');
    await check(t, rig);
  });
}
