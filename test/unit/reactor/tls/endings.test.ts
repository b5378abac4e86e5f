/** How connections end: cleanly, half, cut short, reset, damaged, at every place where that can happen. */
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { pattern } from '../support/peer.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { openDescriptors, send, turnFor } from '../support/world.ts';
import { type Mischief, startMiddle } from './support/middle.ts';
import { nodeClient, nodeServer, stopNodeServer } from './support/peers.ts';
import { Pki } from './support/pki.ts';
import { type End, issueOrders, Rig, targetOf } from './support/rig.ts';

const pki = new Pki();
const orders = issueOrders(pki);
t.setTimeout(180_000);
const BYTES = 3_000;
const OPTIONS = { servername: 'orders.example', ca: pki.ca.certificate, allowHalfOpen: true } as object;

t.test('close_notify ends one direction, the other goes on, in both roles', async (t) => {
  const rig = new Rig();
  const server = await nodeServer({ cert: orders.certificate, key: orders.key });
  const client = rig.dial(server.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.until(() => client.socket.tls?.established === true && server.sockets.length === 1);
  await halfClose(t, rig, client, server.sockets[0]);
  stopNodeServer(server);
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const peer = nodeClient(address.port, OPTIONS);
  await rig.until(() => peer.authorized && ends[0]?.socket.tls?.established === true);
  await halfClose(t, rig, ends[0], peer);
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});

async function halfClose(t: Test, rig: Rig, ours: End, peer: TLSSocket): Promise<void> {
  let ended = false;
  const pieces: Buffer[] = [];
  peer.on('data', (piece: Buffer) => pieces.push(piece));
  peer.on('end', () => {
    ended = true;
  });
  send(rig.world, ours.socket, 'last words');
  rig.world.reactor.end(ours.socket);
  await rig.until(() => ended);
  t.equal(Buffer.concat(pieces).toString(), 'last words');
  t.equal(send(rig.world, ours.socket, 'more'), true, 'nothing is written after the end');
  peer.write('still here');
  await rig.until(() => ours.heard.text === 'still here');
  peer.end('bye');
  await rig.until(() => ours.heard.events.includes('end'));
  t.equal(ours.heard.text, 'still herebye');
  await turnFor(rig.world, 20);
  t.same(ours.heard.events.slice(-1), ['end'], 'told once');
  rig.world.reactor.close(ours.socket);
}

t.test('the other way round: their end first, then ours, with words in between', async (t) => {
  const rig = new Rig();
  const server = await nodeServer({ cert: orders.certificate, key: orders.key });
  const client = rig.dial(server.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.until(() => client.socket.tls?.established === true && server.sockets.length === 1);
  let text = '';
  server.sockets[0].on('data', (piece: Buffer) => {
    text += piece;
  });
  server.sockets[0].end('request');
  await rig.until(() => client.heard.events.includes('end'));
  send(rig.world, client.socket, 'answer');
  await rig.until(() => text === 'answer');
  rig.world.reactor.close(client.socket);
  t.equal(client.heard.text, 'request');
  stopNodeServer(server);
  rig.destroy();
});

t.test(
  'an end that was asked for during the handshake comes after what was written, and so does a close',
  async (t) => {
    const rig = new Rig();
    const { address, ends } = rig.accept(rig.serverContext(orders));
    const target = targetOf(rig.clientContext(pki.ca.certificate), 'orders.example');
    const actions = [
      (end: End) => rig.world.reactor.end(end.socket),
      (end: End) => rig.world.reactor.close(end.socket),
      (end: End) => rig.world.reactor.closeGently(end.socket),
    ];
    for (const [i, action] of actions.entries()) {
      const client = rig.dial(address.port, target);
      send(rig.world, client.socket, 'all I had to say');
      action(client);
      await rig.until(() => ends[i]?.heard.events.includes('end') ?? false);
      t.equal(ends[i].heard.text, 'all I had to say');
      rig.world.reactor.close(ends[i].socket);
      rig.world.reactor.close(client.socket);
    }
    const empty = rig.dial(address.port, target);
    rig.world.reactor.end(empty.socket);
    await rig.until(() => ends[3]?.heard.events.includes('end') ?? false);
    t.same(ends[3].heard.events, ['connect', 'end']);
    rig.destroy();
  },
);

t.test('a FIN without close_notify is an error that says so, never an end', async (t) => {
  const rig = new Rig();
  const server = await nodeServer({ cert: orders.certificate, key: orders.key });
  const middle = await startMiddle(server.port, { act: 'end', fromServer: 2_500 });
  const client = rig.dial(middle.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.until(() => client.socket.tls?.established === true && server.sockets.length === 1);
  server.sockets[0].write(pattern(1, 0, 100_000));
  await rig.until(() => client.heard.events.length > 1);
  t.same(client.heard.events, ['connect', 'error 104']);
  t.equal(
    client.socket.describe(104),
    'the peer closed the connection without the close_notify of TLS: what it sent may be cut short',
  );
  rig.world.reactor.close(client.socket);
  middle.close();
  stopNodeServer(server);
  rig.destroy();
});

t.test('a peer that leaves during the handshake is said to have done so', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const peer = RawPeer.connect(address);
  await rig.until(() => ends.length === 1);
  peer.send(Buffer.from('160301', 'hex'));
  peer.fin();
  await rig.settle(ends[0]);
  t.same(ends[0].heard.events, ['error 104']);
  t.equal(ends[0].socket.reason, 'the peer closed the connection during the TLS handshake');
  peer.close();
  const other = RawPeer.connect(address);
  await rig.until(() => ends.length === 2);
  other.rst();
  await rig.settle(ends[1]);
  t.equal(ends[1].socket.describe(104), 'connection reset by the peer');
  rig.destroy();
});

t.test('a connection that cannot be made fails as any other', async (t) => {
  const rig = new Rig();
  const { refusingPort } = await import('../support/world.ts');
  const closed = refusingPort(rig.world, '127.0.0.1');
  const client = rig.dial(closed.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  send(rig.world, client.socket, 'undelivered');
  await rig.settle(client);
  t.same(client.heard.events, ['error 111']);
  t.equal(client.socket.pendingBytes, 11, 'the bytes may go elsewhere');
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const second = rig.dial(address.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  rig.world.reactor.movePending(client.socket, second.socket);
  rig.world.reactor.reset(client.socket);
  await rig.until(() => ends[0]?.heard.text === 'undelivered');
  rig.destroy();
});

/** One exchange through a man in the middle; null when what our side heard is one of the things allowed. */
async function meddle(role: 'client' | 'server', mischief: Mischief): Promise<string | null> {
  const rig = new Rig({ slabBytes: 4 * 1024 * 1024, sockets: 16 });
  const received: Buffer[] = [];
  const greet = (socket: TLSSocket): void => {
    socket.on('data', (piece: Buffer) => received.push(piece));
    socket.end(pattern(7, 0, BYTES));
  };
  const server = role === 'client' ? await nodeServer({ cert: orders.certificate, key: orders.key }, greet) : null;
  const accepted = role === 'server' ? rig.accept(rig.serverContext(orders)) : null;
  const middle = await startMiddle(server?.port ?? accepted?.address.port ?? 0, mischief);
  const context = rig.clientContext(pki.ca.certificate);
  const client = role === 'client' ? rig.dial(middle.port, targetOf(context, 'orders.example')) : null;
  const peer = role === 'server' ? nodeClient(middle.port, OPTIONS) : null;
  if (peer !== null) peer.on('secureConnect', () => greet(peer));
  let ours: End | null = null;
  const over = (): boolean => {
    const end = client ?? accepted?.ends[0] ?? null;
    if (end !== null && ours === null) {
      ours = end;
      end.heard.on.connect = (socket) => {
        send(rig.world, socket, pattern(8, 0, BYTES));
        rig.world.reactor.end(socket);
      };
    }
    return (
      end?.heard.events.some((event) => /end|error/.test(event)) ?? (peer?.closed === true || peer?.destroyed === true)
    );
  };
  let verdict: string | null = null;
  try {
    // A damaged length may make either side wait for bytes that never come: that is for the owner's deadline.
    const stalled = await rig.until(over, mischief.act === 'damage' ? 150 : 3_000).then(
      () => false,
      () => true,
    );
    if (stalled && mischief.act !== 'damage') verdict = 'did not end';
    else if (ours !== null) verdict = judge(rig, ours, received, middle.acted, mischief);
  } catch (error) {
    verdict = `${error}`;
  }
  middle.close();
  peer?.destroy();
  if (server !== null) stopNodeServer(server);
  if (ours !== null) rig.world.reactor.close((ours as End).socket);
  const left = rig.leftOver();
  rig.destroy();
  return verdict ?? (left === 0 ? null : `${left} objects left`);
}

function judge(rig: Rig, { heard, socket }: End, received: Buffer[], acted: boolean, { act }: Mischief): string | null {
  if (rig.world.thrown.length > 0) return `threw ${rig.world.thrown}`;
  const endings = heard.events.filter((event) => /end|error/.test(event));
  if (endings.length > 1) return `ended ${endings}`;
  if (!pattern(7, 0, BYTES).subarray(0, heard.bytes).equals(heard.data)) return 'we got other bytes';
  const bytes = Buffer.concat(received);
  if (!pattern(8, 0, BYTES).subarray(0, bytes.length).equals(bytes)) return 'the peer got other bytes';
  if (endings.length === 0) return act === 'damage' ? null : 'did not end';
  if (endings[0] === 'end') return heard.bytes === BYTES ? null : `a clean end after ${heard.bytes} bytes`;
  if (!acted) return `${endings} without a reason`;
  if (act === 'damage' && socket.reason === '' && endings[0] !== 'error 104' && endings[0] !== 'error 32')
    return `no words for ${endings}`;
  return null;
}

for (const role of ['client', 'server'] as const) {
  for (const act of ['end', 'reset', 'damage'] as const) {
    t.test(`as ${role}: ${act} after any number of bytes, in either direction`, { timeout: 120_000 }, async (t) => {
      const before = openDescriptors();
      const wrong: string[] = [];
      let runs = 0;
      for (const side of ['fromClient', 'fromServer'] as const) {
        // Past the end of the exchange, so that the clean case is met as well.
        for (let at = 0; at < 6_000; at += at < 8 ? 1 : at % 7 === 0 ? 231 : 196) {
          const verdict = await meddle(role, { act, [side]: at });
          runs++;
          if (verdict !== null) wrong.push(`${side} ${at}: ${verdict}`);
        }
      }
      t.same(wrong, []);
      t.comment(`${runs} runs`);
      const idle = new Rig();
      await idle.until(() => openDescriptors() <= before + 4);
      idle.destroy();
    });
  }
}
