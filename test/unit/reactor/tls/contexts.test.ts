/** Contexts: settings that cannot be, swapping under load, and what is left in the end: nothing. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { COMPOSE_BYTES } from '../../../../src/reactor/slab.ts';
import { TlsSettingsError } from '../../../../src/reactor/tls/load-pem.ts';
import { MAX_CONTEXTS } from '../../../../src/reactor/tls/native-table.ts';
import { TlsClientContext } from '../../../../src/reactor/tls/tls-context.ts';
import { openDescriptors, send } from '../support/world.ts';
import { Pki } from './support/pki.ts';
import { issueOrders, Rig, targetOf } from './support/rig.ts';

const pki = new Pki();
const orders = issueOrders(pki);

t.test('settings that cannot be are refused with a sentence, and leave nothing behind', async (t) => {
  const rig = new Rig();
  const locked = join(pki.folder, 'locked.key');
  execFileSync('openssl', ['ec', '-in', orders.keyFile, '-aes128', '-passout', 'pass:secret', '-out', locked], {
    stdio: 'ignore',
  });
  const garbage = Buffer.from('no certificate at all');
  const damaged = Buffer.from(orders.certificate.toString().replace(/[A-Za-z]{4}\n/, '!!!!\n'));
  const cases: readonly (readonly [string, () => unknown])[] = [
    ['the trusted certificates hold no certificate in PEM form', () => rig.clientContext(garbage)],
    ['the trusted certificates hold no certificate in PEM form', () => rig.clientContext(Buffer.alloc(0))],
    [
      'certificate 2 of the trusted certificates is damaged',
      () => rig.clientContext(Buffer.concat([pki.ca.certificate, damaged])),
    ],
    [
      'the certificates hold no certificate in PEM form',
      () => rig.serverContext({ ...orders, certificate: orders.key }),
    ],
    ['the private key is not in PEM form, or needs a password', () => rig.serverContext({ ...orders, key: garbage })],
    [
      'the private key is not in PEM form, or needs a password',
      () => rig.serverContext({ ...orders, key: readFileSync(locked) }),
    ],
    ['the private key does not belong to the certificate', () => rig.serverContext({ ...orders, key: pki.ca.key })],
    ['ticket keys are 80 bytes, not 48', () => rig.serverContext(orders, { ticketKeys: Buffer.alloc(48) })],
  ];
  for (const [message, make] of cases) t.throws(make, new TlsSettingsError(message), message);
  t.throws(() => rig.serverContext(orders, { protocols: ['h2', ''] }), RangeError);
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});

t.test('a key is wiped from the memory that we copied it to', async (t) => {
  const rig = new Rig();
  const { slab } = rig.world;
  rig.serverContext(orders);
  const secret = orders.key.toString('latin1').split('\n')[1];
  t.equal(slab.bytes.indexOf(secret, 0, 'latin1'), -1);
  rig.destroy();
});

t.test('nothing touches the areas in which owners compose and receive', async (t) => {
  const rig = new Rig();
  const { slab } = rig.world;
  const area = slab.bytes.subarray(slab.receiveArea, slab.composeArea + COMPOSE_BYTES);
  const { address } = rig.accept(rig.serverContext(orders));
  await rig.settle(rig.dial(address.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example')));
  area.fill(0xa5);
  const client = rig.dial(address.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  t.ok(
    area.every((byte) => byte === 0xa5),
    'contexts and dialling do not',
  );
  await rig.settle(client);
  area.fill(0xa5);
  t.equal(client.socket.tls?.peerChain().length, 1);
  t.ok(
    area.every((byte) => byte === 0xa5),
    'looking at certificates does not',
  );
  rig.destroy();
});

t.test('a large set of authorities is loaded whole', async (t) => {
  const rig = new Rig();
  // The one that counts comes last, behind more than fits into one piece of our memory.
  const many = Buffer.concat([...Array.from({ length: 600 }, () => orders.certificate), pki.ca.certificate]);
  t.ok(many.length > 3 * 65_536);
  const { address } = rig.accept(rig.serverContext(orders));
  const client = rig.dial(address.port, targetOf(rig.clientContext(many), 'orders.example'));
  await rig.settle(client);
  t.equal(client.socket.tls?.established, true);
  rig.destroy();
});

t.test('a swapped context serves new connections; old ones keep theirs until they end', async (t) => {
  const rig = new Rig();
  const { reactor } = rig.world;
  const renewed = pki.issue({ subject: 'renewed', names: 'DNS:orders.example' });
  let current = rig.serverContext(orders);
  const { address, ends } = rig.accept({
    get initial() {
      return current;
    },
    choose: () => current,
  });
  const target = targetOf(rig.clientContext(pki.ca.certificate), 'orders.example');
  const nameOf = (der: Buffer | undefined): string => new X509Certificate(der ?? Buffer.alloc(0)).subject;
  const before = rig.dial(address.port, target);
  await rig.until(() => ends[0]?.socket.tls?.established === true && before.socket.tls?.established === true);
  const during = rig.dial(address.port, target);
  await rig.until(() => ends.length === 2);
  current.close();
  current = rig.serverContext(renewed);
  await rig.settle(during);
  const after = rig.dial(address.port, target);
  await rig.settle(after);
  t.equal(nameOf(before.socket.tls?.peerChain()[0]), 'CN=orders');
  t.equal(nameOf(after.socket.tls?.peerChain()[0]), 'CN=renewed');
  send(rig.world, ends[0].socket, 'still here');
  await rig.until(() => before.heard.text === 'still here');
  t.equal(during.socket.tls?.established, true, 'one in the middle of its handshake is not lost');
  for (const { socket } of [before, during, after, ...ends]) reactor.close(socket);
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});

t.test('contexts are limited in number, and make room when they are closed', async (t) => {
  const rig = new Rig();
  const { library } = rig.world.reactor.tls;
  const made: TlsClientContext[] = [];
  const make = (): TlsClientContext => new TlsClientContext(library, { trusted: pki.ca.certificate, identity: null });
  for (let i = 0; i < MAX_CONTEXTS; i++) made.push(make());
  t.throws(make, new TlsSettingsError('too many TLS contexts are in use'));
  made.pop()?.close();
  made.push(make());
  for (const context of made) context.close();
  made[0].close();
  t.equal(rig.leftOver(), 0, 'closing twice is harmless');
  rig.destroy();
});

t.test('2,000 connections leave neither memory nor descriptors nor objects behind', { timeout: 120_000 }, async (t) => {
  t.setTimeout(120_000);
  const rig = new Rig();
  const { reactor } = rig.world;
  const clients = { trusted: pki.ca.certificate, required: true, announced: true };
  const { address, ends } = rig.accept(rig.serverContext(orders, { clients, protocols: ['h2'] }));
  const target = targetOf(rig.clientContext(pki.ca.certificate, orders), 'orders.example', { protocols: ['h2'] });
  const lonely = targetOf(rig.clientContext(new Pki('Another').ca.certificate), 'orders.example');
  const descriptors = openDescriptors();
  const round = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 20) {
      // One in twenty fails its handshake, one is reset by either side.
      const batch = Array.from({ length: 20 }, (_, i) => rig.dial(address.port, i === 7 ? lonely : target));
      await rig.settle(...batch);
      await rig.until(() => ends.length === 20 && ends.every(({ heard }) => heard.events.length > 0));
      for (const end of ends) send(rig.world, end.socket, 'x'.repeat(2_000));
      await rig.until(() => batch.every(({ heard, socket }) => heard.bytes > 0 || socket.dead));
      for (const [i, { socket }] of batch.entries()) i === 3 ? reactor.reset(socket) : reactor.close(socket);
      for (const [i, { socket }] of ends.entries()) i === 5 ? reactor.reset(socket) : reactor.close(socket);
      ends.length = 0;
    }
    global.gc?.();
  };
  await round(500);
  const before = process.memoryUsage.rss();
  await round(2_000);
  const grown = (process.memoryUsage.rss() - before) / 1024;
  t.comment(`${Math.round(grown)} KiB`);
  t.ok(grown < 16 * 1024, 'less than 8 KiB for each');
  t.equal(openDescriptors(), descriptors);
  t.equal(reactor.openSockets, 0);
  t.equal(rig.world.slab.chunksInUse, 0);
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});
