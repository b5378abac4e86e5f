/** Handshakes of both roles with peers that are not ours: openssl, curl, Node. */
import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { Recorder } from '../support/recorder.ts';
import { listen, send } from '../support/world.ts';
import { freePort, nodeClient, nodeServer, openssl, run, stopNodeServer } from './support/peers.ts';
import { Pki } from './support/pki.ts';
import { issueOrders, Rig, targetOf } from './support/rig.ts';

const pki = new Pki();
const orders = issueOrders(pki);
const VERSIONS = ['1.2', '1.3'] as const;
const flag = (version: string): string => `-tls${version.replace('.', '_')}`;

for (const version of VERSIONS) {
  t.test(`as client of openssl s_server, TLS ${version}`, async (t) => {
    const rig = new Rig();
    const port = await freePort();
    const files = ['-cert', orders.certificateFile, '-key', orders.keyFile, '-alpn', 'h2,http/1.1'];
    const server = openssl('s_server', '-accept', `127.0.0.1:${port}`, ...files, flag(version));
    await rig.until(() => server.output.includes('ACCEPT'));
    const target = targetOf(rig.clientContext(pki.ca.certificate), 'orders.example', { protocols: ['http/1.1'] });
    const client = rig.dial(port, target);
    t.equal(send(rig.world, client.socket, 'from us\n'), false, 'written before the handshake: kept');
    await rig.until(() => server.output.includes('from us'));
    server.child.stdin.write('from them\n');
    await rig.until(() => client.heard.text === 'from them\n');
    t.same(client.heard.events, ['connect', 'drain']);
    t.match(client.socket.tls, { version: `TLSv${version}`, protocol: 'http/1.1', resumed: false, established: true });
    server.child.kill();
    rig.destroy();
  });

  t.test(`as server of openssl s_client, TLS ${version}`, async (t) => {
    const rig = new Rig();
    const { address, ends } = rig.accept(rig.serverContext(orders, { protocols: ['h2', 'http/1.1'] }));
    const names = ['-servername', 'orders.example', '-verify_hostname', 'orders.example', '-alpn', 'http/1.1,h2'];
    const trust = ['-CAfile', pki.ca.certificateFile, '-verify_return_error'];
    const client = openssl('s_client', '-connect', `127.0.0.1:${address.port}`, ...names, ...trust, flag(version));
    await rig.until(() => ends[0]?.socket.tls?.established === true);
    client.child.stdin.write('from them\n');
    await rig.until(() => ends[0].heard.text === 'from them\n');
    send(rig.world, ends[0].socket, 'from us\n');
    await rig.until(() => client.output.includes('from us'));
    t.same(ends[0].heard.events, ['connect']);
    const { tls } = ends[0].socket;
    t.match(tls, { version: `TLSv${version}`, protocol: 'h2', serverName: 'orders.example' }, 'our preference decides');
    t.match(client.output, 'Verify return code: 0 (ok)');
    t.match(client.output, 'ALPN protocol: h2');
    client.child.kill();
    rig.destroy();
  });

  t.test(`with Node's TLS, both roles, TLS ${version}`, async (t) => {
    const rig = new Rig();
    const versions = { minVersion: `TLSv${version}`, maxVersion: `TLSv${version}` } as const;
    const server = await nodeServer({ cert: orders.certificate, key: orders.key, ...versions }, (socket) =>
      socket.pipe(socket),
    );
    const client = rig.dial(server.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
    await rig.settle(client);
    t.equal(send(rig.world, client.socket, 'echo'), true);
    await rig.until(() => client.heard.text === 'echo');
    t.equal(server.sockets[0].getProtocol(), `TLSv${version}`);
    stopNodeServer(server);
    const { address, ends } = rig.accept(rig.serverContext(orders));
    const peer = nodeClient(address.port, { servername: 'orders.example', ca: pki.ca.certificate, ...versions });
    await rig.until(() => ends[0]?.socket.tls?.established === true && peer.authorized);
    peer.destroy();
    rig.destroy();
  });
}

t.test('curl speaks to our server', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders, { protocols: ['http/1.1'] }));
  const where = ['--resolve', `orders.example:${address.port}:127.0.0.1`, `https://orders.example:${address.port}/`];
  const curl = run('curl', ['-sv', '--cacert', pki.ca.certificateFile, ...where]);
  await rig.until(() => (ends[0]?.heard.text ?? '').endsWith('\r\n\r\n'));
  send(rig.world, ends[0].socket, 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello');
  rig.world.reactor.close(ends[0].socket);
  await rig.until(() => curl.exited);
  t.match(curl.output, 'hello');
  t.match(curl.output, 'SSL certificate verify ok');
  t.match(curl.output, 'ALPN: server accepted http/1.1');
  rig.destroy();
});

t.test('versions below 1.2 are refused in both roles, with words', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const client = openssl(
    's_client',
    '-connect',
    `127.0.0.1:${address.port}`,
    '-tls1_1',
    '-cipher',
    'DEFAULT@SECLEVEL=0',
  );
  await rig.until(() => client.exited);
  t.same(ends[0].heard.events, ['error 71']);
  t.equal(ends[0].socket.reason, 'the peer speaks only TLS versions that are not allowed here');
  t.match(client.output, 'protocol version');
  const port = await freePort();
  const files = ['-cert', orders.certificateFile, '-key', orders.keyFile];
  const server = openssl(
    's_server',
    '-accept',
    `127.0.0.1:${port}`,
    ...files,
    '-tls1_1',
    '-cipher',
    'DEFAULT@SECLEVEL=0',
  );
  await rig.until(() => server.output.includes('ACCEPT'));
  const ours = rig.dial(port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.settle(ours);
  t.same(ours.heard.events, ['error 71']);
  t.equal(ours.socket.reason, 'the peer ended TLS: no common TLS version');
  server.child.kill();
  rig.destroy();
});

t.test('no common protocol ends the handshake, none offered or none spoken does not', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders, { protocols: ['h2'] }));
  const context = rig.clientContext(pki.ca.certificate);
  const stranger = rig.dial(address.port, targetOf(context, 'orders.example', { protocols: ['http/1.1'] }));
  await rig.settle(stranger);
  t.equal(stranger.socket.reason, 'the peer ended TLS: no common application protocol (ALPN)');
  await rig.settle(ends[0]);
  t.equal(ends[0].socket.reason, 'the peer offered no application protocol that is spoken here (ALPN)');
  const silent = rig.dial(address.port, targetOf(context, 'orders.example'));
  await rig.settle(silent);
  t.match(silent.socket.tls, { established: true, protocol: '' });
  const deaf = rig.accept(rig.serverContext(orders));
  const offering = rig.dial(deaf.address.port, targetOf(context, 'orders.example', { protocols: ['h2'] }));
  await rig.settle(offering);
  t.match(offering.socket.tls, { established: true, protocol: '' });
  rig.destroy();
});

t.test('the name asked for chooses certificate, protocols and client verification', async (t) => {
  const rig = new Rig();
  const users = pki.issue({ subject: 'users', names: 'DNS:users.example' });
  const first = rig.serverContext(orders, { protocols: ['http/1.1'] });
  const clients = { trusted: pki.ca.certificate, required: true, announced: true };
  const second = rig.serverContext(users, { protocols: ['h2'], clients });
  const choose = (name: string | null) =>
    name === 'users.example' ? second : name === 'orders.example' ? first : null;
  const { address, ends } = rig.accept({ initial: first, choose });
  const context = rig.clientContext(pki.ca.certificate, orders);
  const protocols = ['h2', 'http/1.1'];
  const toUsers = rig.dial(
    address.port,
    targetOf(context, 'users.example', { serverName: 'USERS.example', protocols }),
  );
  await rig.settle(toUsers);
  t.equal(toUsers.socket.tls?.protocol, 'h2');
  await rig.settle(ends[0]);
  t.equal(ends[0].socket.tls?.serverName, 'users.example', 'in lower case');
  t.match(
    new X509Certificate(ends[0].socket.tls?.peerChain()[0] ?? '').subject,
    'CN=orders',
    'asked for a certificate',
  );
  const toOrders = rig.dial(address.port, targetOf(context, 'orders.example', { protocols }));
  await rig.settle(toOrders);
  t.equal(toOrders.socket.tls?.protocol, 'http/1.1');
  await rig.settle(ends[1]);
  t.same(ends[1].socket.tls?.peerChain(), [], 'asked for none');
  for (const serverName of ['other.example', null]) {
    const refused = rig.dial(address.port, targetOf(context, 'orders.example', { serverName }));
    await rig.settle(refused);
    t.equal(refused.socket.reason, 'the peer ended TLS: it does not know the server name');
    await rig.settle(ends.at(-1) ?? refused);
    t.equal(ends.at(-1)?.socket.reason, `the peer asks for ${serverName ?? 'no name'}, which is not served here`);
  }
  rig.destroy();
});

t.test('the whole chain of the peer is handed up in DER, its own certificate first, once', async (t) => {
  const rig = new Rig();
  const between = pki.issue({ subject: 'between', names: '' }, pki.ca, true);
  const leaf = pki.issue({ subject: 'deep', names: 'DNS:deep.example' }, between);
  const chained = { ...leaf, certificate: Buffer.concat([leaf.certificate, between.certificate]) };
  const clients = { trusted: pki.ca.certificate, required: true, announced: true };
  const { address, ends } = rig.accept(rig.serverContext(chained, { clients }));
  const client = rig.dial(address.port, targetOf(rig.clientContext(pki.ca.certificate, chained), 'deep.example'));
  await rig.settle(client);
  await rig.settle(ends[0]);
  for (const { socket } of [client, ends[0]]) {
    const subjects = (socket.tls?.peerChain() ?? []).map((der) => new X509Certificate(der).subject);
    t.same(subjects, ['CN=deep', 'CN=between']);
  }
  rig.world.reactor.close(client.socket);
  t.same(client.socket.tls?.peerChain(), [], 'nothing is read of what was freed');
  rig.destroy();
});

t.test('a peer that does not speak TLS is named so, in both roles', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const curl = run('curl', ['-s', `http://127.0.0.1:${address.port}/`]);
  await rig.until(() => (ends[0]?.heard.events.length ?? 0) > 0);
  t.equal(ends[0].socket.reason, 'the peer does not speak TLS: it sent a plain HTTP request');
  curl.child.kill();
  const port = await freePort();
  const plain = run('nc', ['-l', '127.0.0.1', String(port)]);
  plain.child.stdin.write('220 mail.example ESMTP ready, who is there?\r\n');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const client = rig.dial(port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.settle(client);
  t.equal(client.socket.reason, 'the peer does not speak TLS');
  plain.child.kill();
  rig.destroy();
});

t.test('bytes that were read before TLS began are read by it first', async (t) => {
  const rig = new Rig();
  const { world } = rig;
  const initial = rig.serverContext(orders);
  for (const sniffed of [1, 5, 200, 65_536]) {
    const heard = new Recorder(world);
    heard.on.data = (socket) => {
      // A ClientHello has more than 200 bytes: the largest case takes all of it.
      if (heard.bytes < Math.min(sniffed, 200)) return;
      delete heard.on.data;
      const taken = heard.data.copy(world.slab.bytes, world.slab.composeArea);
      const received = { at: world.slab.composeArea, length: taken };
      t.equal(world.reactor.tls.startServer(socket, { initial, choose: () => initial }, received), true);
    };
    const address = listen(world, '127.0.0.1', (socket) => {
      socket.handler = heard;
    });
    const peer = nodeClient(address.port, { servername: 'orders.example', ca: pki.ca.certificate });
    const answer: Buffer[] = [];
    peer.on('data', (piece: Buffer) => answer.push(piece));
    peer.write('hello');
    heard.on.connect = (socket) => void send(world, socket, 'welcome');
    await rig.until(() => heard.text.endsWith('hello') && Buffer.concat(answer).toString() === 'welcome');
    t.same(heard.events, ['connect']);
    peer.destroy();
  }
  rig.destroy();
});
