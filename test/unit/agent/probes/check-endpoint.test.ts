import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import t, { type Test } from 'tap';
import { checkEndpoint } from '../../../../src/agent/probes/check-endpoint.ts';
import type { ProbeOutcome } from '../../../../src/agent/probes/probe-outcome.ts';
import type { ActiveCheckView } from '../../../../src/contract/cluster-views.ts';

async function listen(t: Test, server: Server): Promise<number> {
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function check(check: ActiveCheckView['check'], port: number, timeoutMs = 2_000): Promise<ProbeOutcome> {
  const view = { intervalMs: 1000, timeoutMs, unhealthyThreshold: 1, healthyThreshold: 1, check };
  return checkEndpoint(view, { ip: '127.0.0.1', port }, () => null);
}

const HTTP = { type: 'HTTP', path: '/ready?x=1', method: 'GET', expectedStatuses: [200, 204] } as const;

t.test('TCP: a connection is enough', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  const port = await listen(t, server);
  t.same(await check({ type: 'TCP' }, port), { passed: true, detail: 'connected' });
  await new Promise((resolve) => server.close(resolve));
  t.match(await check({ type: 'TCP' }, port), { passed: false, detail: /ECONNREFUSED/ });
});

t.test('HTTP: the expected statuses, and what is asked', async (t) => {
  const asked: string[] = [];
  let status = 200;
  const server = createHttpServer(({ method, url, headers }, response) => {
    asked.push(`${method} ${url} ${headers.host} ${headers['user-agent']}`);
    response.writeHead(status).end('x');
  });
  const port = await listen(t, server);
  for (const [code, passed] of [
    [200, true],
    [204, true],
    [201, false],
    [302, false],
    [503, false],
  ] as const) {
    status = code;
    t.same(await check(HTTP, port), { passed, detail: `answered ${code}` });
  }
  await check({ ...HTTP, method: 'HEAD', host: 'orders.shop' }, port);
  t.equal(asked[0], `GET /ready?x=1 127.0.0.1:${port} towpath-probe`);
  t.equal(asked.at(-1), 'HEAD /ready?x=1 orders.shop towpath-probe');
});

t.test('silence fails after the timeout, whatever is checked', async (t) => {
  const port = await listen(
    t,
    createServer((socket) => socket.on('error', () => {}).resume()),
  );
  for (const one of [HTTP, { type: 'GRPC', service: '' }] as const)
    t.match(await check(one, port, 100), { passed: false, detail: 'no answer within 100 ms' });
});

type Answer = (stream: ServerHttp2Stream) => void;

function answering(fields: Record<string, string>, body: readonly number[]): Answer {
  return (stream) => {
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(fields));
    stream.end(Buffer.from([0, 0, 0, 0, body.length, ...body]));
  };
}

t.test('gRPC: the health service says SERVING', async (t) => {
  let answer = answering({ 'grpc-status': '0' }, [8, 1]);
  const asked: { path: unknown; body: string }[] = [];
  const server = createHttp2Server();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    let body = '';
    stream.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    stream.on('end', () => {
      asked.push({ path: headers[':path'], body });
      answer(stream);
    });
  });
  const port = await listen(t, server);
  for (const [what, next, wanted] of [
    ['serving', answering({ 'grpc-status': '0' }, [8, 1]), { passed: true, detail: 'SERVING' }],
    ['not serving', answering({ 'grpc-status': '0' }, [8, 2]), { passed: false, detail: 'NOT_SERVING' }],
    ['unknown', answering({ 'grpc-status': '0' }, []), { passed: false, detail: 'UNKNOWN' }],
    ['no such service', answering({ 'grpc-status': '5' }, []), { passed: false, detail: 'grpc-status 5' }],
    [
      'not implemented',
      (stream: ServerHttp2Stream) =>
        stream.respond({ 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true }),
      { passed: false, detail: 'grpc-status 12' },
    ],
    ['no status', answering({}, [8, 1]), { passed: false, detail: 'grpc-status missing' }],
    [
      'endless',
      answering({ 'grpc-status': '0' }, new Array(2000).fill(1)),
      { passed: false, detail: 'the answer is too long' },
    ],
  ] as const) {
    answer = next;
    t.same(await check({ type: 'GRPC', service: 'shop.Orders' }, port), wanted, what);
  }
  t.same(asked[0], { path: '/grpc.health.v1.Health/Check', body: '\0\0\0\0\x0d\x0a\x0bshop.Orders' });
  await check({ type: 'GRPC', service: '' }, port);
  t.equal(asked.at(-1)?.body, '\0\0\0\0\0');
});

t.test('gRPC: what does not speak it fails', async (t) => {
  const port = await listen(
    t,
    createHttpServer((_, response) => response.end()),
  );
  t.match(await check({ type: 'GRPC', service: '' }, port), { passed: false });
});

t.test('a timeout that no timer can take is the longest one', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  const port = await listen(t, server);
  for (const timeoutMs of [2 ** 31, 2 ** 33, Number.MAX_SAFE_INTEGER])
    t.same(await check({ type: 'TCP' }, port, timeoutMs), { passed: true, detail: 'connected' }, `${timeoutMs}`);
});
