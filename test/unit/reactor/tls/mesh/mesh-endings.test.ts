/** Connections between agents that end badly, or never begin: nothing is left, and nobody else notices. */
import t from 'tap';
import { MESH_PROTOCOLS } from '../../../../../src/reactor/tls/mesh/mesh-protocols.ts';
import { NOTHING_RECEIVED } from '../../../../../src/reactor/tls/tls-engine.ts';
import { identitySetOf, makeRoot, makeSvid } from '../../../../helpers/make-svid.ts';
import { RawPeer } from '../../support/raw-peer.ts';
import { Recorder } from '../../support/recorder.ts';
import { addressOf, listen, openDescriptors, send, turnFor } from '../../support/world.ts';
import { expecting, isSettled, MeshRig, ORDERS, WEB } from '../support/mesh-rig.ts';
import { type Mischief, startMiddle } from '../support/middle.ts';
import { recordHello } from '../support/record-hello.ts';

const root = await makeRoot();
const web = await makeSvid(root, WEB);
const orders = await makeSvid(root, ORDERS);
const target = expecting(ORDERS);
const hello = await recordHello('towpath-tcp');

function newRig(): MeshRig {
  const rig = new MeshRig();
  rig.use(identitySetOf([root], [web]), identitySetOf([root], [orders]));
  return rig;
}

t.test('each direction ends by itself, told by close_notify', async (t) => {
  const rig = newRig();
  const { port, ends } = rig.accept();
  const client = rig.dial(port, target);
  await rig.settle(client);
  await rig.settle(ends[0]);
  send(rig.world, client.socket, 'question');
  rig.world.reactor.end(client.socket);
  await rig.until(() => ends[0].heard.events.includes('end'));
  t.equal(ends[0].heard.text, 'question');
  send(rig.world, ends[0].socket, 'answer');
  rig.world.reactor.end(ends[0].socket);
  await rig.until(() => client.heard.events.includes('end'));
  t.equal(client.heard.text, 'answer');
  t.same(rig.counted.sort(), ['client full', 'server full'], 'nothing failed');
  for (const { socket } of [client, ends[0]]) rig.world.reactor.close(socket);
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});

t.test(
  'a handshake that is cut, reset or damaged anywhere ends in one error on each side, or not at all',
  async (t) => {
    const rig = newRig();
    const { port, ends } = rig.accept();
    // A session would make the handshake shorter: each attempt has an expectation of its own.
    const attempt = async (mischief: Mischief): Promise<void> => {
      const middle = await startMiddle(port, mischief);
      const first = ends.length;
      const client = rig.dial(middle.port, expecting(ORDERS, `${ORDERS}${first}`));
      const over = (): boolean => isSettled(client) && ends.slice(first).every(isSettled) && middle.acted;
      await rig.until(over);
      await turnFor(rig.world, 5);
      for (const { heard, socket } of [client, ...ends.slice(first)]) {
        const errors = heard.events.filter((event) => event.startsWith('error'));
        t.ok(errors.length <= 1 && heard.bytes === 0, `${JSON.stringify(mischief)}: ${heard.events}`);
        if (socket.tls?.established !== true) t.equal(socket.tls?.peerPrincipal, null);
        rig.world.reactor.close(socket);
      }
      middle.close();
    };
    for (const act of ['end', 'reset', 'damage'] as const) {
      for (const at of [0, 3, 5, 60, 200, 400, 700, 900]) {
        await attempt({ act, fromClient: at });
        await attempt({ act, fromServer: at });
      }
    }
    t.equal(rig.leftOver(), 0);
    rig.destroy();
  },
);

t.test('byte by byte in both directions, a handshake succeeds', async (t) => {
  const rig = newRig();
  const { port, ends } = rig.accept();
  const middle = await startMiddle(port, { act: 'end', oneByOne: true });
  const client = rig.dial(middle.port, target);
  await rig.settle(client);
  await rig.settle(ends[0]);
  send(rig.world, ends[0].socket, 'hello');
  await rig.until(() => client.heard.text === 'hello');
  t.same(rig.counted.sort(), ['client full', 'server full']);
  middle.close();
  rig.destroy();
});

t.test('a peer that never finishes its handshake costs its owner a timeout, and leaves nothing', async (t) => {
  const rig = newRig();
  const { port, ends } = rig.accept();
  const silent = RawPeer.connect(addressOf('127.0.0.1', port));
  silent.send(hello);
  await rig.until(() => ends.length === 1);
  ends[0].heard.on.timeout = (socket) => rig.world.reactor.reset(socket);
  rig.world.reactor.setTimer(ends[0].socket, 50);
  await rig.until(() => ends[0].socket.closed);
  t.same(ends[0].heard.events, ['timeout']);
  silent.close();
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});

t.test('sniffed bytes are taken over, whatever part of the ClientHello they are', async (t) => {
  const rig = newRig();
  const { world } = rig;
  for (const sniffed of [1, 6, 150, 65_536]) {
    const heard = new Recorder(world);
    heard.on.data = (socket) => {
      if (heard.bytes < Math.min(sniffed, 150)) return;
      delete heard.on.data;
      const length = heard.data.copy(world.slab.bytes, world.slab.composeArea);
      const received = { at: world.slab.composeArea, length };
      t.equal(world.reactor.tls.startMeshServer(socket, { identity: null, alpn: MESH_PROTOCOLS }, received), null);
    };
    const { port } = listen(world, '127.0.0.1', (socket) => {
      socket.handler = heard;
    });
    const client = rig.dial(port, target);
    await rig.settle(client);
    await rig.until(() => heard.events.includes('connect'));
    t.equal(client.socket.tls?.peerPrincipal, 'example.org/ns/shop/sa/orders');
    rig.world.reactor.close(client.socket);
  }
  rig.destroy();
});

t.test(
  '10,000 connections, most of them given up in their handshakes, leave nothing behind',
  { timeout: 90_000 },
  async (t) => {
    t.setTimeout(90_000);
    const rig = newRig();
    const { reactor } = rig.world;
    const aborted: Recorder[] = [];
    const { port } = listen(rig.world, '127.0.0.1', (socket) => {
      const heard = new Recorder(rig.world);
      socket.handler = heard;
      heard.on.connect = (self) => void send(rig.world, self, 'welcome');
      heard.on.error = (self) => reactor.reset(self);
      heard.on.end = (self) => reactor.close(self);
      aborted.push(heard);
      reactor.tls.startMeshServer(socket, { identity: null, alpn: MESH_PROTOCOLS }, NOTHING_RECEIVED);
    });
    const address = addressOf('127.0.0.1', port);
    const descriptors = openDescriptors();
    const round = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 50) {
        const peers = Array.from({ length: 48 }, (_, i) => {
          const peer = RawPeer.connect(address);
          // One in eight is answered by a whole flight of ours, which costs a signature.
          peer.send(hello.subarray(0, i % 8 === 0 ? hello.length : (i * 37) % 500));
          return peer;
        });
        reactor.turn(0);
        const clients = [rig.dial(port, target), rig.dial(port, done % 500 === 0 ? expecting(WEB) : target)];
        for (const [i, peer] of peers.entries()) i % 2 === 0 ? peer.rst() : peer.close();
        await rig.until(() => clients.every((client) => client.heard.bytes > 0 || client.socket.dead));
        for (const { socket, heard } of clients) {
          t.ok(heard.bytes === 0 || heard.text === 'welcome');
          reactor.close(socket);
        }
        await rig.until(() => reactor.openSockets === 0);
        aborted.length = 0;
      }
      global.gc?.();
    };
    await round(2_000);
    const before = process.memoryUsage.rss();
    const held = rig.world.descriptors.natives.count;
    await round(10_000);
    const grown = (process.memoryUsage.rss() - before) / 1024;
    t.comment(`${Math.round(grown)} KiB`);
    t.ok(
      grown < 48 * 1024,
      'less than 5 KiB for each: a connection of OpenSSL that stays would cost several times as much',
    );
    t.equal(rig.world.descriptors.natives.count, held);
    t.equal(openDescriptors(), descriptors);
    t.equal(rig.world.slab.chunksInUse, 0);
    t.equal(rig.leftOver(), 0);
    rig.destroy();
  },
);
