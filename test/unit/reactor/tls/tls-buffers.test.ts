/** Buffers of OpenSSL: kept while a connection is busy, given back when it is quiet, never under a record that is there in part. */
import { connect } from 'node:net';
import t from 'tap';
import { bindLibssl } from '../../../../src/reactor/libssl.ts';
import { Timers } from '../../../../src/reactor/timers.ts';
import { type BufferHolder, TlsBuffers } from '../../../../src/reactor/tls/tls-buffers.ts';
import { pattern } from '../support/peer.ts';
import { send, turnFor } from '../support/world.ts';
import { nodeServer, stopNodeServer } from './support/peers.ts';
import { Pki } from './support/pki.ts';
import { issueOrders, Rig, targetOf } from './support/rig.ts';

const pki = new Pki();
const orders = issueOrders(pki);
const QUIET_MS = 2_200;

function table(refuses: (ssl: bigint) => boolean) {
  const freed: bigint[] = [];
  const lib = {
    ...bindLibssl(),
    SSL_free_buffers: (ssl: bigint): number => {
      if (refuses(ssl)) return 0;
      freed.push(ssl);
      return 1;
    },
  };
  return { freed, buffers: new TlsBuffers(lib, new Timers(10)) };
}
const holder = (ssl: bigint): BufferHolder & { ssl: bigint } => ({ ssl, busy: false, buffered: false });

t.test('who was busy since the last sweep keeps buffers, who was quiet gives them back, once', (t) => {
  const { freed, buffers } = table(() => false);
  const one = holder(1n);
  const two = holder(2n);
  buffers.used(one);
  buffers.used(two);
  buffers.onDeadline();
  t.same([freed, buffers.held], [[], 2], 'both were busy');
  buffers.used(one);
  buffers.onDeadline();
  t.same([freed, buffers.held], [[2n], 1]);
  buffers.onDeadline();
  buffers.onDeadline();
  t.same([freed, buffers.held], [[2n, 1n], 0]);
  buffers.used(two);
  t.equal(buffers.held, 1, 'and may come again');
  t.end();
});

t.test('what OpenSSL refuses is tried again, what was freed meanwhile is not touched', (t) => {
  let refuses = true;
  const { freed, buffers } = table(() => refuses);
  const one = holder(1n);
  const gone = holder(2n);
  buffers.used(one);
  buffers.used(gone);
  gone.ssl = 0n;
  buffers.onDeadline();
  buffers.onDeadline();
  t.same([freed, buffers.held], [[], 1]);
  refuses = false;
  buffers.onDeadline();
  t.same([freed, buffers.held], [[1n], 0]);
  t.end();
});

t.test('more than 256 busy connections give back at once', (t) => {
  const { freed, buffers } = table(() => false);
  for (let i = 1; i <= 300; i++) buffers.used(holder(BigInt(i)));
  t.equal(buffers.held, 256);
  t.equal(freed.length, 44);
  t.end();
});

t.test('real connections go on after they were quiet', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const client = rig.dial(address.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.settle(client);
  const { buffers } = rig.world.reactor.tls;
  for (let round = 1; round <= 2; round++) {
    send(rig.world, client.socket, pattern(1, (round - 1) * 50_000, 50_000));
    await rig.until(() => ends[0]?.heard.bytes === round * 50_000);
    t.equal(buffers.held, 2, 'both ends keep their buffers');
    await turnFor(rig.world, QUIET_MS);
    t.equal(buffers.held, 0, 'given back');
  }
  t.ok(ends[0]?.heard.data.equals(pattern(1, 0, 100_000)));
  rig.destroy();
});

t.test('a record that has arrived in part stays, and is read when the rest comes', { timeout: 30_000 }, async (t) => {
  const rig = new Rig();
  const server = await nodeServer({ cert: orders.certificate, key: orders.key }, (socket) => {
    socket.write(pattern(7, 0, 16_000));
  });
  let rest = Buffer.alloc(0);
  let release = (): void => undefined;
  const { createServer } = await import('node:net');
  const middle = createServer((from) => {
    const to = connect(server.port, '127.0.0.1');
    from.pipe(to);
    let passed = 0;
    to.on('data', (piece: Buffer) => {
      const room = Math.max(0, 9_000 - passed);
      passed += piece.length;
      if (room > 0) from.write(piece.subarray(0, room));
      if (piece.length > room) rest = Buffer.concat([rest, piece.subarray(room)]);
    });
    release = () => void from.write(rest);
    to.on('error', () => from.destroy());
    from.on('error', () => to.destroy());
  });
  await new Promise<void>((done) => middle.listen(0, '127.0.0.1', done));
  const address = middle.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = rig.dial(address.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.settle(client);
  await turnFor(rig.world, 3 * QUIET_MS);
  t.equal(client.heard.bytes, 0, 'half a record is nothing yet');
  t.equal(rig.world.reactor.tls.buffers.held, 1, 'its buffer is kept');
  release();
  await rig.until(() => client.heard.bytes === 16_000);
  t.ok(client.heard.data.equals(pattern(7, 0, 16_000)));
  await turnFor(rig.world, QUIET_MS);
  t.equal(rig.world.reactor.tls.buffers.held, 0);
  rig.destroy();
  middle.close();
  await stopNodeServer(server);
});

t.test('a client that says nothing is swept like any other', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const mute = connect(address.port, '127.0.0.1');
  await rig.until(() => ends.length === 1);
  mute.write(Buffer.from([22, 3, 1]));
  await turnFor(rig.world, QUIET_MS);
  t.equal(ends[0]?.heard.events.length, 0);
  mute.destroy();
  await rig.until(() => ends[0]?.heard.events.length !== 0);
  rig.destroy();
});
