/** What PeerAuthentication lets in and what not, from other agents and from hosts without one. */
import { createServer as createHttp2 } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { identitySetOf, makeRoot, makeSvid, SVID_DEFECTS } from '../../../helpers/make-svid.ts';
import type { ProxyRig, RigClient } from '../../../helpers/proxy-rig.ts';
import { held, MeshPair, ORDERS, root, WEB } from '../support/mesh-pair.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: orders\r\n\r\n';

interface Program {
  readonly port: number;
  /** Connections that it has seen. */
  readonly seen: () => number;
}

async function answering({ callee }: MeshPair): Promise<Program> {
  const { port, sockets } = await callee.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
  );
  return { port, seen: () => sockets.length };
}

async function reset(rig: ProxyRig, client: RigClient): Promise<void> {
  await rig.until(() => client.closed, 'the end of the connection');
  if (client.text !== '') throw new Error(`heard ${client.text}`);
  if (client.error?.code !== 'ECONNRESET') throw new Error(`not reset: ${client.error?.code}`);
}

/** A TLS client of the test, with or without a certificate of the mesh. */
async function tlsClient(port: number, alpn: string[], certified: boolean): Promise<TLSSocket> {
  const svid = await makeSvid(root, WEB);
  return connectTls({
    port,
    host: '127.0.0.1',
    ca: root.root,
    checkServerIdentity: () => undefined,
    ALPNProtocols: alpn,
    ...(certified && { cert: svid.chain, key: svid.key }),
  });
}

async function outcome(socket: TLSSocket): Promise<string> {
  const heard = await new Promise<string>((resolve) => {
    socket.on('secureConnect', () => socket.write(REQUEST));
    socket.on('data', (data) => resolve(data.toString().includes('200') ? 'answered' : 'something'));
    socket.on('error', () => resolve('refused'));
    socket.on('close', () => resolve('refused'));
  });
  socket.destroy();
  return heard;
}

async function callOverMesh(t: Test, pair: MeshPair, expected: 'answered' | RegExp): Promise<void> {
  const client = await pair.caller.client();
  client.send(REQUEST);
  await pair.caller.until(() => client.text !== '' || client.closed, 'an answer');
  if (expected === 'answered') t.match(client.text, /200 OK/);
  else t.match(client.text, expected);
  client.socket.destroy();
}

t.test('STRICT: plaintext and TLS of programs are reset before the program hears of them', async (t) => {
  const pair = new MeshPair();
  const { callee } = pair;
  const program = await answering(pair);
  pair.lead({ port: program.port, mode: 'STRICT' });
  await pair.identify();
  for (const bytes of [REQUEST, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'PING\r\n', '\x16\x03\x01\x00\x05\x02rest']) {
    const client = await pair.stranger();
    client.send(bytes);
    await reset(callee, client);
  }
  t.equal(pair.refused('plaintext'), 4);
  for (const alpn of [['h2'], ['http/1.1'], []])
    t.equal(await outcome(await tlsClient(callee.port, alpn, true)), 'refused');
  t.equal(pair.refused('foreign-tls'), 3);
  t.equal(await outcome(await tlsClient(callee.port, ['towpath-http/1.1'], false)), 'refused', 'no certificate');
  t.equal(pair.refused('handshake'), 1);
  t.equal(callee.count('towpath_tls_failures_total', { side: 'server', reason: 'no-certificate' }), 1);
  t.equal(program.seen(), 0, 'the program has heard of none');
  await callee.until(() => callee.closed.length === 8, 'the records');
  for (const { ending, record } of callee.closed) {
    t.equal(ending, 'refused');
    t.match(record.detail, /^PeerAuthentication shop\/policy \(STRICT\) accepts mutual TLS|certificate/);
  }
  await callOverMesh(t, pair, 'answered');
  t.equal(program.seen(), 1);
  await pair.end(t);
});

t.test(
  'STRICT: a silent client is not waited for longer than a head may take, and nothing is dialled for it',
  async (t) => {
    const pair = new MeshPair();
    const { port, sockets } = await pair.callee.serve((socket) => socket.write('220 welcome\r\n'));
    pair.lead({ port, mode: 'STRICT' });
    await pair.identify();
    const client = await pair.stranger();
    await reset(pair.callee, client);
    t.equal(pair.refused('plaintext'), 1);
    t.equal(sockets.length, 0);
    await pair.end(t);
  },
);

t.test('PERMISSIVE: anything else is let in as well, and counted', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  pair.lead({ port: program.port });
  await pair.identify();
  const client = await pair.stranger();
  client.send(REQUEST);
  await pair.callee.until(() => client.text.endsWith('ok'), 'the answer');
  t.equal(pair.accepted('none'), 1);
  t.equal(pair.callee.count('towpath_requests_total', { side: 'inbound' }), 1);
  await callOverMesh(t, pair, 'answered');
  t.equal(pair.accepted('mutual_tls'), 1);
  t.equal(
    await outcome(await tlsClient(pair.callee.port, ['towpath-http/1.1'], true)),
    'answered',
    'any peer of the mesh',
  );
  client.socket.destroy();
  await pair.end(t);
  t.equal(pair.callee.closed.filter(({ record }) => record.peerPrincipal === null).length, 1);
});

t.test('PERMISSIVE: every declared protocol without TLS, and a program that speaks first', async (t) => {
  for (const declared of ['http1', 'tcp', 'auto'] as const) {
    const pair = new MeshPair();
    const greets = declared !== 'http1';
    const { port } = await pair.callee.serve((socket) => {
      if (greets) socket.write('220 hello\r\n');
      socket.on('data', () => socket.write(greets ? 'bye' : 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbye'));
    });
    pair.lead({ port, declared });
    await pair.identify();
    const client = await pair.stranger();
    if (greets) await pair.callee.until(() => client.text === '220 hello\r\n', 'the greeting');
    client.send(REQUEST);
    await pair.callee.until(() => client.text.endsWith('bye'), `${declared}: the answer`);
    const [verdict, reason] = {
      http1: ['http1', 'declared'],
      tcp: ['opaque', 'declared'],
      auto: ['opaque', 'server-first'],
    }[declared] as [string, string];
    t.equal(pair.callee.count('towpath_verdicts_total', { verdict, reason }), 1);
    t.equal(pair.accepted('none'), 1);
    client.socket.destroy();
    await pair.end(t);
  }
});

t.test('PERMISSIVE: TLS of programs, and HTTP/2 where HTTP is declared', async (t) => {
  const pair = new MeshPair();
  const server = createHttp2();
  server.on('stream', (stream) => stream.end('x'));
  const { port } = await pair.callee.serve((socket) => server.emit('connection', socket));
  pair.lead({ port, declared: 'http1' });
  await pair.identify();
  const client = await pair.stranger();
  client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
  await pair.callee.until(() => client.bytes > 0, 'SETTINGS');
  t.equal(client.chunks[0]?.[3], 4);
  client.socket.destroy();
  await pair.end(t);
});

t.test(
  'a member that passes requests off as bytes (ALPN towpath-tcp) does not get around what is said of requests',
  async (t) => {
    const pair = new MeshPair();
    let heard = 0;
    const { port } = await pair.callee.serve((socket) => socket.on('data', () => heard++));
    pair.lead({ port, mode: 'STRICT' });
    await pair.identify();
    const path = { attribute: 'request.path', key: [], values: ['/'], not: false } as const;
    pair.callee.context.hostPolicies.set({
      version: { epoch: 1, gen: 50, hash: 'x' },
      workloads: [{ namespace: 'shop', name: 'orders-1', authorization: [{ policy: 0 }] }],
      authorizationPolicies: [
        { policy: 'shop/deny', action: 'DENY', dryRun: false, rules: [{ from: [], to: [[path]], when: [] }] },
      ],
    });
    for (const alpn of ['towpath-tcp', 'towpath-http/1.1'])
      t.equal(await outcome(await tlsClient(pair.callee.port, [alpn], true)), 'something', `${alpn}: 403`);
    t.equal(pair.callee.count('towpath_authorization_total', { decision: 'denied', policy: 'shop/deny' }), 2);
    t.equal(pair.callee.count('towpath_requests_total', { code: '403' }), 2);
    t.equal(heard, 0, 'the program may have been dialled in the silence, and heard nothing');
    await pair.end(t);
  },
);

t.test('DISABLE: mutual TLS is refused, anything else is let in', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  pair.lead({ port: program.port, mode: 'DISABLE' });
  await pair.identify();
  await callOverMesh(t, pair, /^HTTP\/1\.1 503 /);
  t.equal(pair.refused('disabled'), 1);
  t.equal(program.seen(), 0);
  const client = await pair.stranger();
  client.send(REQUEST);
  await pair.callee.until(() => client.text.endsWith('ok'), 'the answer');
  client.socket.destroy();
  await pair.end(t);
});

t.test('secure naming: another identity than the registry says is no peer, and never plain text instead', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  pair.lead({ port: program.port, expected: 'spiffe://example.org/ns/shop/sa/other' });
  await pair.identify();
  await callOverMesh(t, pair, /503 [\s\S]*is not for spiffe:\/\/example\.org\/ns\/shop\/sa\/other/);
  t.equal(pair.caller.count('towpath_tls_failures_total', { side: 'client', reason: 'svid-unexpected-id' }), 1);
  t.equal(pair.accepted('none'), 0);
  t.equal(program.seen(), 0);
  t.equal(pair.caller.count('towpath_requests_total', { flags: 'UF' }), 1);
  await pair.end(t);
});

t.test('who holds no identity speaks without, and is let in by PERMISSIVE alone', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  pair.lead({ port: program.port });
  pair.callee.identity(await held(ORDERS));
  await callOverMesh(t, pair, 'answered');
  t.equal(pair.accepted('none'), 1);
  pair.lead({ port: program.port, mode: 'STRICT' });
  const client = await pair.caller.client();
  client.send(REQUEST);
  // The pooled connection of before is still let be: a policy is asked when a connection begins.
  await pair.caller.until(() => client.text.includes('200') || client.text.includes('503'), 'an answer');
  client.socket.destroy();
  await pair.end(t);
});

t.test('an identity that comes later changes new connections; those of before are not mixed with them', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  pair.lead({ port: program.port });
  await callOverMesh(t, pair, 'answered');
  t.equal(pair.callee.count('towpath_inbound_mtls_total'), 0, 'without identity and policy nothing is looked at');
  await pair.identify();
  await callOverMesh(t, pair, 'answered');
  t.equal(pair.accepted('mutual_tls'), 1, 'the pooled plain connection was not taken');
  await pair.end(t);
});

t.test('past its end a certificate is refused on both sides, with its name', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  pair.lead({ port: program.port });
  await pair.identify({}, SVID_DEFECTS.expired);
  await callOverMesh(
    t,
    pair,
    /503 [\s\S]*certificate of this host for spiffe:\/\/example\.org\/ns\/shop\/sa\/web .*expired/,
  );
  t.equal(pair.caller.count('towpath_tls_failures_total', { side: 'client', reason: 'own-identity-expired' }), 1);
  t.equal(program.seen(), 0);

  // Main has taken it away: the host stays in the mesh, and says what it lacks.
  pair.caller.identity({ ...identitySetOf([root], []) });
  await callOverMesh(t, pair, /503 [\s\S]*no valid certificate for spiffe:\/\/example\.org\/ns\/shop\/sa\/web/);
  pair.caller.identity(await held(WEB));
  await callOverMesh(t, pair, 'answered');

  await pair.end(t);
});

t.test('past its end a certificate of the callee is refused, with its name in its log', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  pair.lead({ port: program.port });
  await pair.identify(SVID_DEFECTS.expired);
  await callOverMesh(t, pair, /503 /);
  t.equal(pair.callee.count('towpath_tls_failures_total', { side: 'server', reason: 'own-identity-expired' }), 1);
  pair.callee.identity(identitySetOf([root], []));
  await callOverMesh(t, pair, /503 /);
  await pair.callee.until(() => pair.callee.closed.length >= 2, 'the records');
  const details = pair.callee.closed.map(({ record }) => record.detail);
  t.match(details[0], /certificate of this host for spiffe:\/\/example\.org\/ns\/shop\/sa\/orders .*expired/);
  t.match(details.at(-1), /no valid certificate for spiffe:\/\/example\.org\/ns\/shop\/sa\/orders/);
  t.equal(program.seen(), 0);
  await pair.end(t);
});

t.test('a peer of another authority is refused on both sides', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  pair.lead({ port: program.port });
  await pair.identify();
  const other = await makeRoot();
  pair.caller.identity(identitySetOf([other], [await makeSvid(other, WEB)]));
  await callOverMesh(t, pair, /503 [\s\S]*authority that is not trusted/);
  t.equal(pair.refused('handshake'), 1);
  t.equal(program.seen(), 0);
  await pair.end(t);
});

t.test('several identities of one host, told apart by port', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  const second = 'spiffe://example.org/ns/shop/sa/second';
  pair.lead({ port: program.port, expected: second });
  pair.caller.identity(await held(WEB));
  const identities = [await makeSvid(root, ORDERS), await makeSvid(root, second)];
  const assignments = [{ spiffeId: second, ports: [program.port] }];
  pair.callee.identity({ ...identitySetOf([root], identities), assignments });
  await callOverMesh(t, pair, 'answered');
  await pair.end(t);
});

t.test('an assigned identity that was not issued has no stand-in', async (t) => {
  const pair = new MeshPair();
  const program = await answering(pair);
  pair.lead({ port: program.port });
  pair.caller.identity(await held(WEB));
  const assignments = [{ spiffeId: 'spiffe://example.org/ns/shop/sa/second', ports: [program.port] }];
  pair.callee.identity({ ...identitySetOf([root], [await makeSvid(root, ORDERS)]), assignments });
  await callOverMesh(t, pair, /503 /);
  t.match(pair.callee.closed.at(-1)?.record.detail, /certificate for spiffe:\/\/example\.org\/ns\/shop\/sa\/second/);
  await pair.end(t);
});
