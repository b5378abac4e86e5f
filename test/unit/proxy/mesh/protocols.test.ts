/** Every protocol through two agents under mutual TLS: neither program notices, and the counters prove what was on the wire. */
import { createHash, randomBytes } from 'node:crypto';
import { connect as connectHttp2, createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, createServer as createTls } from 'node:tls';
import t, { type Test } from 'tap';
import type { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { Pki } from '../../reactor/tls/support/pki.ts';
import { MeshPair } from '../support/mesh-pair.ts';

const WEB_PRINCIPAL = 'example.org/ns/shop/sa/web';
const ORDERS_PRINCIPAL = 'example.org/ns/shop/sa/orders';

function proveMutual(t: Test, { caller, callee }: MeshPair, connections: number): void {
  t.equal(caller.count('towpath_tls_handshakes_total', { side: 'client' }), connections, 'handshakes of the caller');
  t.equal(callee.count('towpath_tls_handshakes_total', { side: 'server' }), connections, 'handshakes of the callee');
  t.equal(caller.count('towpath_tls_failures_total') + callee.count('towpath_tls_failures_total'), 0, 'no failure');
}

function proveWho(t: Test, { closed }: ProxyRig): void {
  for (const { record } of closed)
    t.match(record, { peerPrincipal: WEB_PRINCIPAL, localPrincipal: ORDERS_PRINCIPAL }, 'the principals');
}

t.test('HTTP/1.1: kept alive, told by ALPN, served request by request', async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const heard: string[] = [];
  const { port } = await callee.serve((socket) =>
    socket.on('data', (data) => {
      heard.push(data.toString());
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    }),
  );
  pair.lead({ port });
  await pair.identify();
  const client = await caller.client();
  for (let i = 1; i <= 3; i++) {
    client.send('GET /x HTTP/1.1\r\nHost: orders\r\n\r\n');
    await caller.until(() => client.text.split('hello').length === i + 1, `answer ${i}`);
  }
  t.equal(heard.length, 3);
  t.match(heard[0], /^GET \/x HTTP\/1\.1\r\nHost: orders\r\n/, 'the program sees what the client said');
  t.equal(callee.count('towpath_verdicts_total', { side: 'inbound', verdict: 'http1', reason: 'alpn' }), 1);
  t.equal(callee.count('towpath_requests_total', { side: 'inbound', service: 'shop/orders-1' }), 3);
  t.equal(pair.accepted('mutual_tls'), 1);
  proveMutual(t, pair, 1);
  client.socket.end();
  await pair.end(t);
  proveWho(t, callee);
});

t.test('HTTP/2 and gRPC: streams and trailers', async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const server = createHttp2();
  const schemes = new Set<string>();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    schemes.add(String(headers[':scheme']));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.pipe(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  pair.lead({ port: (server.address() as AddressInfo).port, protocol: 'grpc' });
  await pair.identify();
  const session = connectHttp2(`http://127.0.0.1:${caller.port}`);
  const call = (body: Buffer): Promise<{ body: Buffer; status: unknown }> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' });
      const chunks: Buffer[] = [];
      let status: unknown;
      stream.on('trailers', (trailers) => {
        status = trailers['grpc-status'];
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve({ body: Buffer.concat(chunks), status }));
      stream.on('error', reject);
      stream.end(body);
    });
  const bodies = Array.from({ length: 5 }, () => randomBytes(100_000));
  const answers = await Promise.all(bodies.map(call));
  for (const [i, { body, status }] of answers.entries()) {
    t.ok(body.equals(bodies[i] as Buffer), 'the body came back whole');
    t.equal(status, '0');
  }
  t.same([...schemes], ['http'], 'no program is told of the TLS between');
  t.equal(callee.count('towpath_verdicts_total', { side: 'inbound', verdict: 'http2', reason: 'alpn' }), 1);
  proveMutual(t, pair, 1);
  await new Promise<void>((resolve) => session.close(resolve));
  server.close();
  await pair.end(t);
});

t.test('bytes that are no HTTP: half-close keeps its meaning, nothing is lost', async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const { port } = await callee.serve((socket) => {
    const hash = createHash('sha256');
    socket.on('data', (data) => hash.update(data));
    // Only after the client's end: the connection must still carry the answer.
    socket.on('end', () => socket.end(`sum ${hash.digest('hex')}`));
  });
  pair.lead({ port, protocol: 'tcp' });
  await pair.identify();
  const client = await caller.client();
  const bytes = randomBytes(6_000_000);
  client.socket.end(bytes);
  await caller.until(() => client.ended, 'the end of the answer');
  t.equal(client.text, `sum ${createHash('sha256').update(bytes).digest('hex')}`);
  t.equal(callee.count('towpath_verdicts_total', { side: 'inbound', verdict: 'opaque' }), 1);
  proveMutual(t, pair, 1);
  await callee.until(() => callee.closed.length === 1, 'the record');
  t.equal(callee.closed[0]?.ending, 'closed');
  t.equal(callee.closed[0]?.record.bytesFromClient, bytes.length, 'the hello is none of the bytes');
  t.equal(callee.count('towpath_connection_received_bytes_total', { side: 'inbound' }), bytes.length);
  await pair.end(t);
  proveWho(t, callee);
});

t.test('a server that speaks first is heard through mutual TLS, undeclared and declared', async (t) => {
  for (const protocol of ['auto', 'tcp'] as const) {
    const pair = new MeshPair();
    const { caller, callee } = pair;
    const { port } = await callee.serve((socket) => {
      socket.write('220 welcome\r\n');
      socket.on('data', (data) => socket.write(`250 ${data}`));
    });
    pair.lead({ port, protocol });
    await pair.identify();
    const client = await caller.client();
    await caller.until(() => client.text === '220 welcome\r\n', 'the greeting');
    client.send('EHLO x\r\n');
    await caller.until(() => client.text === '220 welcome\r\n250 EHLO x\r\n', 'the answer');
    t.equal(pair.accepted('mutual_tls'), 1);
    t.equal(pair.accepted('none'), 0);
    proveMutual(t, pair, 1);
    client.socket.destroy();
    await pair.end(t);
  }
});

t.test('a silent client that turns out to speak HTTP: what was dialled for bytes carries no request', async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const { port } = await callee.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
  );
  pair.lead({ port });
  await pair.identify();
  const client = await caller.client();
  await callee.until(() => pair.accepted('mutual_tls') === 1, 'the dial in the silence');
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await caller.until(() => client.text.endsWith('ok'), 'the answer');
  t.equal(pair.accepted('mutual_tls'), 2);
  t.equal(callee.count('towpath_verdicts_total', { verdict: 'http1', reason: 'alpn' }), 1);
  client.socket.destroy();
  await pair.end(t);
});

t.test("a program's own TLS travels inside", async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const pki = new Pki();
  const { certificate, key } = pki.issue({ subject: 'orders', names: 'DNS:orders.example' });
  const server = createTls({ cert: certificate, key, ALPNProtocols: ['h2'] }, (socket) => socket.end('own tls'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  pair.lead({ port: (server.address() as AddressInfo).port });
  await pair.identify();
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connectTls({
      port: caller.port,
      host: '127.0.0.1',
      servername: 'orders.example',
      ca: pki.ca.certificate,
      ALPNProtocols: ['h2'],
    });
    let all = '';
    socket.on('secureConnect', () => {
      all += `${socket.alpnProtocol} `;
    });
    socket.on('data', (data) => {
      all += data;
    });
    socket.on('end', () => resolve(all));
    socket.on('error', reject);
  });
  t.equal(text, 'h2 own tls');
  t.equal(caller.count('towpath_verdicts_total', { verdict: 'tls' }), 1);
  t.equal(callee.count('towpath_verdicts_total', { verdict: 'tls' }), 1);
  proveMutual(t, pair, 1);
  server.close();
  await pair.end(t);
});
