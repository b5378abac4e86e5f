/** Circuit breakers and the timeouts of connections, on every path that a request or connection can take. */
import t, { type Test } from 'tap';
import type { ClusterView } from '../../../src/contract/views.ts';
import { ask, begin, connectHttp2, ended, serveHttp2 } from '../../helpers/http2-peers.ts';
import { ProxyRig, type RigClient } from '../../helpers/proxy-rig.ts';
import { startWatch } from '../../helpers/stopwatch.ts';
import { check, ruledService } from './support/http2-rig.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A server that answers when told to. */
async function holding(rig: ProxyRig) {
  const waiting: (() => unknown)[] = [];
  const { port, sockets } = await rig.serve((socket) =>
    socket.on('data', () => waiting.push(() => void socket.write(OK))),
  );
  return {
    port,
    sockets,
    waiting,
    answerAll: (): void => {
      for (const answer of waiting.splice(0)) answer();
    },
  };
}

async function clients(rig: ProxyRig, count: number): Promise<RigClient[]> {
  return Promise.all(Array.from({ length: count }, () => rig.client()));
}

async function checkNothingLeft(t: Test, rig: ProxyRig): Promise<void> {
  const cluster = rig.context.table.findPort('shop/orders', 80);
  await check(t, rig);
  if (cluster.type !== 'service') throw new Error('there is no such service');
  const { requests, retries, pending, connections } = cluster.port.cluster.traffic;
  t.same({ requests, retries, pending }, { requests: 0, retries: 0, pending: 0 });
  t.ok(connections >= 0);
}

const overflows = (rig: ProxyRig, limit: string): number =>
  rig.count('towpath_circuit_breaker_overflows_total', { cluster: 'shop/orders:80', limit });

for (const [name, action] of [
  ['fast path', {}],
  ['general exchange', { retry: { attempts: 1, codes: [] } }],
] as const) {
  for (const [limit, circuitBreaker] of [
    ['requests', { maxParallelRequests: 2 }],
    ['connections', { maxConnections: 2 }],
    ['connections', { maxConnectionsPerEndpoint: 2 }],
  ] as const satisfies readonly (readonly [string, ClusterView['circuitBreaker']])[]) {
    t.test(`HTTP/1.1, ${name}: ${JSON.stringify(circuitBreaker)}`, async (t) => {
      const rig = new ProxyRig();
      const server = await holding(rig);
      rig.service(ruledService([server.port], action, { circuitBreaker }, 'http1'));
      const all = await clients(rig, 3);
      for (const client of all.slice(0, 2)) client.send(GET);
      await rig.until(() => server.waiting.length === 2, 'two requests');
      all[2].send(GET);
      await rig.until(() => all[2].text.includes('\r\n\r\n'), 'the refusal');
      t.match(all[2].text, /^HTTP\/1\.1 503 .*x-towpath-error: UO;.*x-envoy-overloaded: true\r\n.*circuit breaker/s);
      t.equal(overflows(rig, limit), 1);
      t.equal(rig.count('towpath_requests_total', { flags: 'UO' }), 1);
      server.answerAll();
      await rig.until(() => all[0].text === OK && all[1].text === OK, 'both answers');
      all[2].clear();
      all[2].send(GET);
      await rig.until(() => server.waiting.length === 1, 'there is room again');
      server.answerAll();
      await rig.until(() => all[2].text === OK, 'the answer');
      if (limit === 'connections') t.equal(server.sockets.length, 2);
      await checkNothingLeft(t, rig);
    });
  }

  t.test(`HTTP/1.1, ${name}: a connection carries no more requests than it may, and lives no longer`, async (t) => {
    const rig = new ProxyRig();
    const { port, sockets } = await rig.serve((socket) => socket.on('data', () => socket.write(OK)));
    const policy = { circuitBreaker: { maxRequestsPerConnection: 2 } };
    rig.service(ruledService([port], action, policy, 'http1'));
    const [client] = await clients(rig, 1);
    const askTimes = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        client.clear();
        client.send(GET);
        await rig.until(() => client.text === OK, 'an answer');
      }
    };
    await askTimes(6);
    t.equal(sockets.length, 3);
    const timeouts = { maxConnectionMs: 60 };
    rig.service({ ...ruledService([port], action, { timeouts }, 'http1'), version: { epoch: 1, gen: 2, hash: 'y' } });
    await askTimes(1);
    await new Promise((resolve) => setTimeout(resolve, 80));
    await askTimes(2);
    t.equal(sockets.length, 5);
    await checkNothingLeft(t, rig);
  });
}

t.test('HTTP/2: a connection carries no more requests than it may, one after the other or at once', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream) => stream.respond({ ':status': 200 }, { endStream: true }));
  const policy = { circuitBreaker: { maxRequestsPerConnection: 2 } };
  rig.service(ruledService([server.port], {}, policy));
  const session = await connectHttp2(rig);
  for (let i = 0; i < 5; i++) t.equal((await ask(session)).status, 200);
  t.equal(server.sessions.length, 3);
  await rig.until(
    () => server.sessions.filter(({ destroyed }) => destroyed).length === 2,
    'the end of those that are spent',
  );
  const answers = await Promise.all(Array.from({ length: 9 }, () => ask(session)));
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]));
  t.equal(server.sessions.length, 7, 'the third had one left');
  t.equal(server.requests, 14);
  await checkNothingLeft(t, rig);
});

t.test('HTTP/2: those that wait for a stream go on over the next connection', async (t) => {
  const rig = new ProxyRig({ maxHttp2PerEndpoint: 1 });
  const server = await serveHttp2(
    rig,
    (stream) => setTimeout(() => stream.respond({ ':status': 200 }, { endStream: true }), 5),
    { maxConcurrentStreams: 1 },
  );
  rig.service(ruledService([server.port], {}, { circuitBreaker: { maxRequestsPerConnection: 3 } }));
  const session = await connectHttp2(rig);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(session)));
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]));
  t.equal(server.requests, 10);
  t.equal(server.sessions.length, 4);
  await checkNothingLeft(t, rig);
});

t.test('HTTP/2: requests, and those that wait for a stream', async (t) => {
  const rig = new ProxyRig({ maxHttp2PerEndpoint: 1 });
  const server = await serveHttp2(rig, () => {}, { maxConcurrentStreams: 1 });
  const circuitBreaker = { maxParallelRequests: 3, maxPendingRequests: 1 };
  rig.service(ruledService([server.port], {}, { circuitBreaker }, 'http2'));
  const session = await connectHttp2(rig);
  const first = begin(session);
  await rig.until(() => server.requests === 1, 'the first');
  const second = begin(session);
  const third = await ask(session);
  t.equal(third.status, 503);
  t.match(third.headers, { 'x-envoy-overloaded': 'true' });
  t.match(third.body, /requests waiting for a connection/);
  t.equal(overflows(rig, 'pending'), 1);
  for (const answer of [first, second]) answer.stream.close(8);
  await Promise.all([ended(first), ended(second)]);
  await checkNothingLeft(t, rig);
});

t.test('connections as a whole: a limit, and an end after silence', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.on('data', (chunk) => socket.write(chunk)));
  const policy = { circuitBreaker: { maxConnections: 1 }, timeouts: { tcpIdleMs: 200 } };
  rig.service(ruledService([port], {}, policy, 'tcp'));
  const [one, two] = await clients(rig, 2);
  one.send('hello');
  await rig.until(() => one.text === 'hello', 'the echo');
  const other = await rig.client();
  two.send('x');
  other.send('x');
  await rig.until(() => two.closed && other.closed, 'the refusals');
  t.equal(overflows(rig, 'connections'), 2);
  t.match(rig.closed[0], { ending: 'refused', record: { flag: 'UO' } });
  await rig.until(() => rig.closed.length === 3, 'the end of silence');
  t.match(rig.closed[2], { ending: 'timeout', record: { flag: 'SI' } });
  const next = await rig.client();
  next.send('again');
  await rig.until(() => next.text === 'again', 'room again');
  await checkNothingLeft(t, rig);
});

for (const [name, action] of [
  ['fast path', {}],
  ['general exchange', { retry: { attempts: 1, codes: [] } }],
] as const) {
  t.test(`HTTP/1.1, ${name}: an idle connection that a POST must not use makes room for another`, async (t) => {
    const rig = new ProxyRig();
    const { port, sockets } = await rig.serve((socket) => {
      socket.on('data', () => socket.write(OK));
      socket.on('end', () => socket.end());
    });
    rig.service(ruledService([port], action, { circuitBreaker: { maxConnections: 1 } }, 'http1'));
    const client = await rig.client();
    client.send(GET);
    await rig.until(() => client.text === OK, 'the first answer');
    client.clear();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx');
    await rig.until(() => client.text.includes('\r\n\r\n'), 'the second answer');
    t.equal(client.text, OK);
    t.equal(sockets.length, 2);
    t.equal(overflows(rig, 'connections'), 0);
    await checkNothingLeft(t, rig);
  });
}

t.test('HTTP/2: those that wait get a new connection when theirs is gone, however many may wait', async (t) => {
  const rig = new ProxyRig({ maxHttp2PerEndpoint: 1, streamWaitMs: 4_000 });
  const server = await serveHttp2(
    rig,
    (stream) => {
      if (server.requests === 1) return;
      stream.respond();
      stream.end('late');
    },
    { maxConcurrentStreams: 1 },
  );
  rig.service(ruledService([server.port], {}, { circuitBreaker: { maxPendingRequests: 1 } }, 'http2'));
  const session = await connectHttp2(rig);
  const first = begin(session, { ':method': 'POST' });
  await rig.until(() => server.requests === 1, 'the first');
  const second = ask(session);
  await rig.until(
    () => [...rig.context.outbound.all()].some(({ http2 }) => http2?.waiting === 1),
    'the second to wait',
  );
  const watch = startWatch();
  server.sessions[0]?.destroy();
  t.match(await second, { status: 200, body: 'late' });
  t.ok(watch.quietMs() < 3_000);
  await ended(first);
  await checkNothingLeft(t, rig);
});
