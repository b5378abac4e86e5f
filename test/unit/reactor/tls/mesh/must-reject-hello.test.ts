/** What is refused before any certificate counts: versions, protocols, peers without a certificate, bytes that are no TLS. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import { identitySetOf, makeRoot, makeSvid } from '../../../../helpers/make-svid.ts';
import { RawPeer } from '../../support/raw-peer.ts';
import { addressOf } from '../../support/world.ts';
import { expecting, MeshRig, ORDERS, WEB } from '../support/mesh-rig.ts';
import { freePort, nodeServer, openssl, stopNodeServer } from '../support/peers.ts';
import { Pki } from '../support/pki.ts';
import { recordHello } from '../support/record-hello.ts';
import type { End } from '../support/rig.ts';

const root = await makeRoot();
const web = await makeSvid(root, WEB);
const orders = await makeSvid(root, ORDERS);
const { folder } = new Pki();
const certificateFile = join(folder, 'web.crt');
const keyFile = join(folder, 'web.key');
writeFileSync(certificateFile, web.chain);
writeFileSync(keyFile, web.key);
const AS_WEB = ['-cert', certificateFile, '-key', keyFile];

function newRig(): MeshRig {
  const rig = new MeshRig();
  rig.use(identitySetOf([root], [web]), identitySetOf([root], [orders]));
  return rig;
}

function refused(t: Test, rig: MeshRig, { heard, socket }: End, reason: string, sentence: string): void {
  t.same(heard.events, ['error 71']);
  t.match(socket.tls, { failure: reason, peerPrincipal: null });
  t.equal(socket.reason, sentence);
  t.match(rig.counted, [new RegExp(`^(client|server) ${reason}$`)]);
  t.equal(rig.counted.length, 1);
}

const HELLOS: readonly (readonly [string, readonly string[], string, string, RegExp])[] = [
  [
    'TLS 1.1',
    ['-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0', '-alpn', 'towpath-tcp'],
    'tls-version',
    'the peer speaks only TLS versions that are not allowed here',
    /alert protocol version/,
  ],
  [
    'TLS 1.2',
    ['-tls1_2', '-alpn', 'towpath-tcp'],
    'tls-version',
    'the peer speaks only TLS versions that are not allowed here',
    /alert protocol version/,
  ],
  [
    'no ALPN',
    [],
    'alpn',
    'the peer offered no application protocol (ALPN)',
    /alert no application protocol|alert number 120/,
  ],
  [
    'the ALPN of others',
    ['-alpn', 'h2,http/1.1'],
    'alpn',
    'the peer offered no application protocol that is spoken here (ALPN)',
    /alert no application protocol|alert number 120/,
  ],
  [
    'a name that only begins like ours',
    ['-alpn', 'towpath-h,towpath-h22'],
    'alpn',
    'the peer offered no application protocol that is spoken here (ALPN)',
    /alert no application protocol|alert number 120/,
  ],
  [
    'a cipher suite that is not ours',
    ['-ciphersuites', 'TLS_AES_128_CCM_SHA256', '-alpn', 'towpath-tcp'],
    'cipher',
    'the peer offered no cipher that is allowed here',
    /alert handshake failure/,
  ],
];

for (const [what, flags, reason, sentence, alert] of HELLOS) {
  t.test(`a client with ${what} is refused, and told by an alert`, async (t) => {
    const rig = newRig();
    const { port, ends } = rig.accept();
    const client = openssl('s_client', '-connect', `127.0.0.1:${port}`, ...AS_WEB, ...flags);
    await rig.until(() => client.exited && (ends[0]?.heard.events.length ?? 0) > 0);
    t.match(client.output, alert);
    refused(t, rig, ends[0], reason, sentence);
    rig.destroy();
  });
}

t.test('a client without a certificate is refused, and told by certificate_required', async (t) => {
  const rig = newRig();
  const { port, ends } = rig.accept();
  const alerts: string[] = [];
  const peer = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['towpath-tcp'] });
  peer.on('error', ({ message }) => alerts.push(message));
  await rig.until(() => alerts.length > 0 && (ends[0]?.heard.events.length ?? 0) > 0);
  t.match(alerts[0], /certificate required/);
  refused(t, rig, ends[0], 'no-certificate', 'the peer sent no certificate, which is required here');
  rig.destroy();
});

const SERVERS: readonly (readonly [string, readonly string[], string, string])[] = [
  ['TLS 1.2', ['-tls1_2', '-alpn', 'towpath-http/1.1'], 'alert-of-peer', 'the peer ended TLS: no common TLS version'],
  [
    'TLS 1.1',
    ['-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0', '-alpn', 'towpath-http/1.1'],
    'alert-of-peer',
    'the peer ended TLS: no common TLS version',
  ],
  ['no ALPN', [], 'alpn', 'the peer chose none of the protocols towpath-http/1.1 (ALPN)'],
  ['other protocols', ['-alpn', 'h2'], 'alert-of-peer', 'the peer ended TLS: no common application protocol (ALPN)'],
];

for (const [what, flags, reason, sentence] of SERVERS) {
  t.test(`a server with ${what} is refused by our client`, async (t) => {
    const rig = newRig();
    const port = await freePort();
    const server = openssl('s_server', '-accept', `127.0.0.1:${port}`, ...AS_WEB, ...flags);
    await rig.until(() => server.output.includes('ACCEPT'));
    const client = rig.dial(port, expecting(WEB));
    await rig.settle(client);
    refused(t, rig, client, reason, sentence);
    server.child.kill();
    rig.destroy();
  });
}

t.test('a server may choose any protocol that was offered', async (t) => {
  const rig = newRig();
  const { chain, key } = web;
  const server = await nodeServer({ cert: chain, key, ALPNCallback: () => 'towpath-http/1.1' });
  const client = rig.dial(server.port, { ...expecting(WEB), alpn: ['towpath-http/1.1', 'towpath-h2'] });
  await rig.settle(client);
  t.equal(client.socket.tls?.protocol, 'towpath-http/1.1');
  stopNodeServer(server);
  rig.destroy();
});

const GARBAGE: readonly (readonly [string, Buffer, string])[] = [
  ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'), 'not-tls'],
  ['random bytes', Buffer.from('\x81\x7f\x02\xff'.repeat(50), 'latin1'), 'not-tls'],
  ['records of no content', Buffer.from('1603010000'.repeat(40), 'hex'), 'protocol'],
  ['a record that is too long', Buffer.from(`160301ffff${'00'.repeat(300)}`, 'hex'), 'protocol'],
  ['a ClientHello of zeros', Buffer.from(`16030100640100006000${'00'.repeat(95)}`, 'hex'), 'protocol'],
  ['application data first', Buffer.from(`1703030020${'61'.repeat(32)}`, 'hex'), 'protocol'],
  ['an alert first', Buffer.from('15030100020228', 'hex'), 'protocol'],
];

for (const [what, bytes, reason] of GARBAGE) {
  t.test(`${what} instead of a ClientHello is refused once, with words`, async (t) => {
    const rig = newRig();
    const { port, ends } = rig.accept();
    const peer = RawPeer.connect(addressOf('127.0.0.1', port));
    peer.send(bytes);
    await rig.until(() => (ends[0]?.heard.events.length ?? 0) > 0);
    t.same(ends[0].heard.events, ['error 71']);
    t.equal(ends[0].socket.tls?.failure, reason);
    t.not(ends[0].socket.reason, '');
    t.same(rig.counted, [`server ${reason}`]);
    rig.world.reactor.close(ends[0].socket);
    peer.close();
    t.equal(rig.leftOver(), 0);
    rig.destroy();
  });
}

t.test('a ClientHello that comes byte by byte, in whole or cut short, is no trouble', async (t) => {
  const rig = newRig();
  const { port, ends } = rig.accept();
  const hello = await recordHello('towpath-tcp');
  const slow = RawPeer.connect(addressOf('127.0.0.1', port));
  for (const byte of hello) {
    slow.send(Buffer.of(byte));
    rig.world.reactor.turn(0);
  }
  await rig.until(() => {
    slow.read();
    return slow.data.length > 0;
  });
  t.equal(slow.data[0], 0x16, 'answered by a ServerHello');
  t.same(ends[0].heard.events, []);
  slow.fin();
  await rig.until(() => ends[0].heard.events.length > 0);
  t.match(ends[0].socket.tls?.failure, 'closed');
  t.equal(ends[0].socket.reason, 'the peer closed the connection during the TLS handshake');
  for (let cut = 1; cut < hello.length; cut += 97) {
    const count = ends.length;
    const peer = RawPeer.connect(addressOf('127.0.0.1', port));
    peer.send(hello.subarray(0, cut));
    await rig.until(() => ends.length > count);
    rig.world.reactor.turn(0);
    if (cut % 2 === 0) peer.fin();
    else peer.rst();
    await rig.until(() => ends[count].heard.events.length > 0);
    t.match(ends[count].heard.events, ['error 104'], `cut after ${cut} bytes`);
  }
  for (const { socket } of ends) rig.world.reactor.close(socket);
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});
