import { createServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import t from 'tap';
import { probeOnce } from '../../../../src/agent/probes/probe-once.ts';
import type { ProbeOutcome } from '../../../../src/agent/probes/probe-outcome.ts';
import { dialPlain } from '../../../../src/agent/probes/probe-socket.ts';

type Tap = { teardown(end: () => unknown): void };

async function serve(t: Tap, answer: (stream: ServerHttp2Stream, path: string, body: Buffer) => void): Promise<number> {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', () => {});
    stream.on('end', () => answer(stream, String(headers[':path']), Buffer.concat(pieces)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

function ask(port: number, service = '', timeoutSeconds = 5): Promise<ProbeOutcome> {
  const pace = { initialDelaySeconds: 0, periodSeconds: 1, successThreshold: 1, failureThreshold: 1 };
  return probeOnce({ check: { type: 'grpc', port, service }, timeoutSeconds, ...pace }, '127.0.0.1', dialPlain);
}

/** A message with its prefix, then trailers. */
function reply(stream: ServerHttp2Stream, message: readonly number[], grpcStatus = '0'): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': grpcStatus }));
  stream.end(Buffer.from([0, 0, 0, 0, message.length, ...message]));
}

t.test('only SERVING passes', async (t) => {
  const cases: readonly [readonly number[], string, ProbeOutcome][] = [
    [[8, 1], '0', { passed: true, detail: 'SERVING' }],
    [[8, 2], '0', { passed: false, detail: 'NOT_SERVING' }],
    [[8, 3], '0', { passed: false, detail: 'SERVICE_UNKNOWN' }],
    [[], '0', { passed: false, detail: 'UNKNOWN' }],
    [[8, 1], '13', { passed: false, detail: 'grpc-status 13' }],
  ];
  for (const [message, status, expected] of cases) {
    const port = await serve(t, (stream) => reply(stream, message, status));
    t.strictSame(await ask(port), expected);
  }
});

t.test('the service is asked for by name', async (t) => {
  const seen: string[] = [];
  const port = await serve(t, (stream, path, body) => {
    seen.push(`${path} ${body.toString('hex')}`);
    reply(stream, [8, 1]);
  });
  await ask(port);
  await ask(port, 'a.B');
  const long = 'x'.repeat(200);
  await ask(port, long);
  t.strictSame(seen, [
    '/grpc.health.v1.Health/Check 0000000000',
    '/grpc.health.v1.Health/Check 00000000050a03612e42',
    `/grpc.health.v1.Health/Check 00000000cb0ac801${Buffer.from(long).toString('hex')}`,
  ]);
});

t.test('no such method, no HTTP/2, no answer, nobody there', async (t) => {
  const unknown = await serve(t, (stream) =>
    stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true }),
  );
  t.strictSame(await ask(unknown), { passed: false, detail: 'grpc-status 12' });
  const plain = createTcpServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  );
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const { port } = plain.address() as AddressInfo;
  t.equal((await ask(port)).passed, false);
  await new Promise((resolve) => plain.close(resolve));
  t.match(await ask(port), { passed: false, detail: /ECONNREFUSED/ });
  const silent = await serve(t, () => {});
  t.strictSame(await ask(silent, '', 0.2), { passed: false, detail: 'no answer within 0.2 s' });
});
