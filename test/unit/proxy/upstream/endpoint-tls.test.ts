/** TLS origination through the real pipeline: plain HTTP in, TLS to endpoints that are Node's own servers. */
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { connect as connectTls, createServer as createTls, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import type { ServiceView, UpstreamTlsView } from '../../../../src/contract/views.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { startMiddle } from '../../reactor/tls/support/middle.ts';
import { type Issued, Pki } from '../../reactor/tls/support/pki.ts';

const pki = new Pki();
const orders = pki.issue({ subject: 'orders', names: 'DNS:orders.example' });
const users = pki.issue({ subject: 'users', names: 'DNS:users.example' });
const REQUEST = 'GET / HTTP/1.1\r\nhost: orders\r\n\r\n';
const keys = ({ certificate, key }: Issued) => ({ cert: certificate, key });

function tlsView(more: Partial<UpstreamTlsView> = {}): UpstreamTlsView {
  const trusted = { type: 'certificates', pem: pki.ca.certificate.toString() } as const;
  return { serverName: 'orders.example', hosts: ['orders.example'], uris: [], trusted, ...more };
}

let generation = 1;
function viewWith(
  port: number,
  tls: UpstreamTlsView | undefined,
  overrides: Partial<ServiceView['ports'][0]> = {},
): ServiceView {
  const view = serviceView([port], overrides);
  const clusters = Object.fromEntries(
    Object.entries(view.clusters).map(([key, cluster]) => [key, { ...cluster, tls }]),
  );
  return { ...view, version: { ...view.version, gen: generation++ }, clusters };
}

async function listenOn(rig: ProxyRig, server: Server): Promise<number> {
  const sockets: { destroy(): void }[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  rig.onEnd(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

interface Seen {
  readonly names: (string | false | null)[];
  readonly protocols: (string | false | null)[];
  readonly resumed: boolean[];
}

/** An HTTPS server that answers with what it got. */
async function startHttps(rig: ProxyRig, identity = orders): Promise<{ port: number; seen: Seen }> {
  const seen: Seen = { names: [], protocols: [], resumed: [] };
  const server = createHttps({ ...keys(identity), ALPNProtocols: ['http/1.1'] }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => response.end(pieces.length === 0 ? 'hello' : Buffer.concat(pieces)));
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    seen.names.push((socket as TLSSocket & { servername: string }).servername);
    seen.protocols.push(socket.alpnProtocol);
    seen.resumed.push(socket.isSessionReused());
  });
  server.on('tlsClientError', () => {});
  return { port: await listenOn(rig, server), seen };
}

async function sound(t: Test, rig: ProxyRig): Promise<void> {
  t.same(await rig.end(), { errors: [], internal: 0, chunks: 0 });
  t.equal(rig.reactor.descriptors.natives.count, 0);
}

t.test('plain requests reach a TLS endpoint, over one connection, by the name of the policy', async (t) => {
  const rig = new ProxyRig();
  const { port, seen } = await startHttps(rig);
  rig.service(viewWith(port, tlsView()));
  const client = await rig.client();
  for (let i = 1; i <= 5; i++) {
    client.send(REQUEST);
    await rig.until(() => client.text.split('hello').length === i + 1, `answer ${i}`);
  }
  t.match(client.text, /^HTTP\/1\.1 200 OK/);
  t.same(seen, { names: ['orders.example'], protocols: ['http/1.1'], resumed: [false] });
  await sound(t, rig);
});

t.test('a second connection resumes the session of the first', async (t) => {
  const rig = new ProxyRig({ upstreamIdleMs: 1 });
  const { port, seen } = await startHttps(rig);
  rig.service(viewWith(port, tlsView()));
  for (let i = 0; i < 3; i++) {
    const client = await rig.client();
    client.send(REQUEST);
    await rig.until(() => client.text.includes('hello'), 'answer');
    await rig.until(() => rig.reactor.openSockets <= 1, 'the idle connection is closed');
    client.socket.destroy();
  }
  t.same(seen.resumed, [false, true, true]);
  await sound(t, rig);
});

t.test('bodies of many records arrive whole in both directions', async (t) => {
  const rig = new ProxyRig();
  const { port } = await startHttps(rig);
  rig.service(viewWith(port, tlsView()));
  const client = await rig.client();
  const body = Buffer.alloc(5_000_000).map((_, i) => (i * 31 + (i >> 8)) & 255);
  client.send(`POST / HTTP/1.1\r\nhost: orders\r\ncontent-length: ${body.length}\r\n\r\n`);
  client.send(body);
  await rig.until(() => client.bytes >= body.length, 'the body');
  const answer = Buffer.concat(client.chunks);
  await rig.until(() => Buffer.concat(client.chunks).includes('\r\n\r\n'), 'a head');
  const at = answer.indexOf('\r\n\r\n') + 4;
  await rig.until(() => client.bytes - at >= body.length, 'the rest');
  t.ok(
    Buffer.concat(client.chunks)
      .subarray(at, at + body.length)
      .equals(body),
  );
  await sound(t, rig);
});

const refusals: readonly (readonly [string, Issued, Partial<UpstreamTlsView>, RegExp])[] = [
  ['for another name', users, {}, /the certificate of CN=users is for DNS:users\.example, not for orders\.example/],
  [
    'of an authority that is not trusted',
    orders,
    { trusted: { type: 'certificates', pem: new Pki('Other').ca.certificate.toString() } },
    /the certificate of CN=orders was issued by an authority that is not trusted \(CN=Test authority\)/,
  ],
  [
    'that the system does not know',
    orders,
    { trusted: { type: 'system' } },
    /the certificate of CN=orders was issued by an authority that is not trusted/,
  ],
  [
    'without the URI asked for',
    orders,
    { hosts: [], uris: ['spiffe://mesh/orders'] },
    /is for DNS:orders\.example, not for spiffe:/,
  ],
];

for (const [what, identity, view, sentence] of refusals) {
  t.test(`a certificate ${what} is answered 503 UF, with that reason`, async (t) => {
    const rig = new ProxyRig();
    const { port } = await startHttps(rig, identity);
    rig.service(viewWith(port, tlsView(view)));
    const client = await rig.client();
    client.send(REQUEST);
    await rig.until(() => client.text.includes('\r\n\r\n') && client.text.length > 200, 'answer');
    t.match(client.text, /^HTTP\/1\.1 503 /);
    t.match(client.text, sentence);
    t.equal(rig.count('towpath_requests_total', { code: '503', flags: 'UF' }), 1);
    await sound(t, rig);
  });
}

t.test('a policy that cannot be kept is answered 503 UF and never in plain text', async (t) => {
  const rig = new ProxyRig();
  let connections = 0;
  const { port } = await rig.serve(() => connections++);
  rig.service(
    viewWith(
      port,
      tlsView({ trusted: { type: 'unusable', sentence: 'the ConfigMap shop/authority with ca.crt does not exist' } }),
    ),
  );
  const client = await rig.client();
  client.send(REQUEST);
  await rig.until(() => client.text.includes('ConfigMap'), 'answer');
  t.match(client.text, /^HTTP\/1\.1 503 /);
  t.match(client.text, /the ConfigMap shop\/authority with ca\.crt does not exist/);
  t.equal(connections, 0);
  await sound(t, rig);
});

t.test('an endpoint that does not speak TLS is named so', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.write('220 ready, who is there?\r\n'));
  rig.service(viewWith(port, tlsView()));
  const client = await rig.client();
  client.send(REQUEST);
  await rig.until(() => client.text.includes('TLS'), 'answer');
  t.match(client.text, /^HTTP\/1\.1 503 (.|\s)*the peer does not speak TLS/);
  await sound(t, rig);
});

t.test('an answer that is cut short looks cut short: FIN without close_notify is no end', async (t) => {
  const rig = new ProxyRig();
  const server = createHttps(keys(orders), (_request, response) => {
    response.socket?.write(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${'x'.repeat(100_000)}`);
  });
  const port = await listenOn(rig, server);
  const middle = await startMiddle(port, { act: 'end', fromServer: 50_000 });
  rig.onEnd(() => middle.close());
  rig.service(viewWith(middle.port, tlsView()));
  const client = await rig.client();
  client.send(REQUEST);
  await rig.until(() => client.closed || client.ended || client.error !== null, 'the end');
  t.ok(client.bytes < 100_000);
  t.equal(client.error?.code, 'ECONNRESET', 'never a clean end');
  await sound(t, rig);
});

t.test('another policy takes effect for new connections; those under way go on', async (t) => {
  const rig = new ProxyRig();
  const { port, seen } = await startHttps(rig);
  rig.service(viewWith(port, tlsView()));
  const client = await rig.client();
  client.send(REQUEST);
  await rig.until(() => client.text.includes('hello'), 'answer');
  client.clear();
  rig.service(viewWith(port, tlsView({ serverName: 'other.example', hosts: ['other.example'] })));
  client.send(REQUEST);
  await rig.until(() => client.text.includes('other.example'), 'refusal');
  t.match(client.text, /^HTTP\/1\.1 503 /, 'a connection made under the old policy is not used under the new');
  client.clear();
  rig.service(viewWith(port, tlsView({ serverName: 'other.example' })));
  client.send(REQUEST);
  await rig.until(() => client.text.includes('hello'), 'answer');
  t.equal(seen.names.at(-1), 'other.example');
  client.clear();
  rig.service(viewWith(port, undefined));
  client.send(REQUEST);
  await rig.until(() => client.text.includes('HTTP/1.1 '), 'answer');
  t.notMatch(client.text, 'hello', 'plain text again');
  await sound(t, rig);
});

t.test('HTTP/2 asks for h2, and is not spoken to servers that do not know it', async (t) => {
  const rig = new ProxyRig();
  const server = createSecureServer({ ...keys(orders), allowHTTP1: false });
  server.on('request', ({ stream }, response) => {
    response.setHeader('x-protocol', (stream.session?.socket as TLSSocket | undefined)?.alpnProtocol || 'none');
    response.end('hello');
  });
  server.on('sessionError', () => {});
  const port = await listenOn(rig, server);
  rig.service(viewWith(port, tlsView(), { protocol: 'http2' }));
  const client = await rig.client();
  client.send(REQUEST);
  await rig.until(() => client.text.includes('hello'), 'answer');
  t.match(client.text, /x-protocol: h2/);
  const session = connectHttp2(`http://127.0.0.1:${rig.port}`);
  session.on('error', () => {});
  rig.onEnd(() => session.destroy());
  const stream = session.request({ ':path': '/' });
  let text = '';
  stream.on('data', (piece: Buffer) => {
    text += piece;
  });
  await rig.until(() => text === 'hello', 'stream');
  const { port: oldFashioned } = await startHttps(rig);
  rig.service(viewWith(oldFashioned, tlsView(), { protocol: 'http2' }));
  client.clear();
  client.send(REQUEST);
  await rig.until(() => client.text.includes('503'), 'refusal');
  t.match(client.text, /no common application protocol \(ALPN\)/);
  const deaf = createTls({ ...keys(orders) }, () => {});
  rig.service(viewWith(await listenOn(rig, deaf), tlsView(), { protocol: 'http2' }));
  client.clear();
  client.send(REQUEST);
  await rig.until(() => client.text.includes('503'), 'refusal');
  t.match(client.text, /the peer does not speak h2 \(ALPN\)/);
  await sound(t, rig);
});

t.test('other protocols are put into TLS, and what is TLS already is passed through', async (t) => {
  const rig = new ProxyRig();
  const server = createTls(keys(orders), (socket) => socket.on('data', (piece) => socket.end(`you said ${piece}`)));
  const port = await listenOn(rig, server);
  rig.service(viewWith(port, tlsView()));
  const client = await rig.client();
  client.send('*1\r\n$4\r\nPING\r\n');
  await rig.until(() => client.text.includes('PING') && client.ended, 'answer');
  t.equal(client.text, 'you said *1\r\n$4\r\nPING\r\n');
  client.socket.end();
  const secure = connectTls({
    port: rig.port,
    host: '127.0.0.1',
    ca: pki.ca.certificate,
    servername: 'orders.example',
  });
  rig.onEnd(() => secure.destroy());
  let text = '';
  secure.on('data', (piece: Buffer) => {
    text += piece;
  });
  secure.on('error', () => {});
  secure.write('hello');
  await rig.until(() => text === 'you said hello', 'answer');
  t.equal(secure.authorized, true);
  await sound(t, rig);
});
