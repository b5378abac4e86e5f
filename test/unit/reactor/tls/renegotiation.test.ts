/** What a peer may ask of an established connection: renegotiation is refused, new keys are not, and none of it costs much. */
import t from 'tap';
import { bindSymbols } from '../../../../src/reactor/syscalls.ts';
import { countIdleTurns, send, turnFor } from '../support/world.ts';
import { freePort, openssl } from './support/peers.ts';
import { Pki } from './support/pki.ts';
import { issueOrders, Rig, targetOf } from './support/rig.ts';

const pki = new Pki();
const orders = issueOrders(pki);

t.test('renegotiation that a client asks for is refused', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const client = openssl('s_client', '-connect', `127.0.0.1:${address.port}`, '-tls1_2');
  await rig.until(() => ends[0]?.socket.tls?.established === true);
  client.child.stdin.write('before\n');
  await rig.until(() => ends[0].heard.text === 'before\n');
  client.child.stdin.write('R\n');
  await rig.until(() => client.output.includes('RENEGOTIATING'));
  await turnFor(rig.world, 100);
  t.same(ends[0].heard.text, 'before\n');
  t.match(client.output, /no renegotiation|unexpected message|handshake failure/i);
  client.child.kill();
  rig.destroy();
});

t.test('renegotiation that a server asks for is refused, and its stream goes on', async (t) => {
  const rig = new Rig();
  const port = await freePort();
  const files = ['-cert', orders.certificateFile, '-key', orders.keyFile];
  const server = openssl('s_server', '-accept', `127.0.0.1:${port}`, ...files, '-tls1_2');
  await rig.until(() => server.output.includes('ACCEPT'));
  const client = rig.dial(port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.settle(client);
  send(rig.world, client.socket, 'before\n');
  await rig.until(() => server.output.includes('before'));
  server.child.stdin.write('r\n');
  await turnFor(rig.world, 200);
  t.match(server.output, /no renegotiation|NO_RENEGOTIATION|SSL_do_handshake/i);
  t.equal(client.socket.tls?.established, true);
  t.notOk(client.heard.events.includes('end'), 'a refusal is not an end');
  server.child.kill();
  rig.destroy();
});

t.test('key updates are followed in both directions', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const client = openssl('s_client', '-connect', `127.0.0.1:${address.port}`, '-tls1_3');
  await rig.until(() => ends[0]?.socket.tls?.established === true);
  for (const [i, command] of ['K', 'k', 'K'].entries()) {
    client.child.stdin.write(`${command}\n`);
    await rig.until(() => client.output.split('KEYUPDATE').length === i + 2);
    client.child.stdin.write(`line ${i}\n`);
    await rig.until(() => ends[0].heard.text.endsWith(`line ${i}\n`));
    send(rig.world, ends[0].socket, `answer ${i}\n`);
    await rig.until(() => client.output.includes(`answer ${i}`));
  }
  t.same(ends[0].heard.events, ['connect']);
  t.ok(countIdleTurns(rig.world, 100) < 20);
  client.child.kill();
  rig.destroy();
});

t.test('a flood of key updates cannot hold a turn: a neighbour is served meanwhile', async (t) => {
  const rig = new Rig();
  const { reactor, descriptors } = rig.world;
  const { lib } = reactor.tls.library;
  const { SSL_key_update } = bindSymbols({ SSL_key_update: { arguments: ['u64', 'i32'], return: 'i32' } });
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const target = targetOf(rig.clientContext(pki.ca.certificate), 'orders.example');
  const flooding = rig.dial(address.port, target);
  await rig.until(() => ends[0]?.socket.tls?.established === true);
  const neighbour = rig.dial(address.port, target);
  await rig.until(() => ends[1]?.socket.tls?.established === true && neighbour.socket.tls?.established === true);
  const ssl = descriptors.natives.at(flooding.socket.slot);
  const UPDATES = 2_000;
  for (let i = 0; i < UPDATES; i++) {
    SSL_key_update(ssl, 0);
    t.equal(lib.SSL_do_handshake(ssl), 1);
  }
  send(rig.world, flooding.socket, 'behind the flood');
  send(rig.world, neighbour.socket, 'hello');
  for (let turn = 0; turn < 3; turn++) reactor.turn(1);
  t.equal(ends[1].heard.text, 'hello', 'the neighbour did not wait');
  t.equal(ends[0].heard.text, '', 'the flood goes on');
  await rig.until(() => ends[0].heard.text === 'behind the flood');
  rig.destroy();
});
