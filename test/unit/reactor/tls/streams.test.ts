/** Bytes under TLS: much of it, little of it at a time, slow readers, pauses. */
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import type { Socket } from '../../../../src/reactor/socket.ts';
import { pattern, patternStream } from '../support/peer.ts';
import { countIdleTurns, send, turnFor } from '../support/world.ts';
import { startMiddle } from './support/middle.ts';
import { nodeClient, nodeServer, stopNodeServer } from './support/peers.ts';
import { Pki } from './support/pki.ts';
import { type End, issueOrders, Rig, targetOf } from './support/rig.ts';

const pki = new Pki();
const orders = issueOrders(pki);
const LARGE = 100 * 1024 * 1024;
const PIECE = 65_536;

const digest = (bytes: Iterable<Buffer>): string => {
  const hash = createHash('sha256');
  for (const piece of bytes) hash.update(piece);
  return hash.digest('hex');
};
function* pieces(seed: number, total: number): Iterable<Buffer> {
  for (let at = 0; at < total; at += PIECE) yield pattern(seed, at, Math.min(PIECE, total - at));
}

/** Sends `total` bytes of the pattern as fast as the connection takes them, then ends. */
function pour(rig: Rig, end: End, seed: number, total: number): { readonly most: () => number } {
  let at = 0;
  let most = 0;
  const { socket, heard } = end;
  const step = (): void => {
    for (let room = true; room && at < total; ) {
      const n = Math.min(PIECE, total - at);
      room = send(rig.world, socket, pattern(seed, at, n));
      at += n;
      most = Math.max(most, socket.pendingBytes);
      // A turn of the reactor must end sometime.
      if (room && at % (16 * PIECE) === 0)
        return rig.world.reactor.schedule({ deadline: 0, wheelTick: -1, onDeadline: step }, 1);
    }
    if (at === total) rig.world.reactor.end(socket);
  };
  heard.on.drain = step;
  step();
  return { most: () => most };
}

function hashOf(end: End): { readonly digest: () => string } {
  const hash = createHash('sha256');
  const { heard } = end;
  heard.keepData = false;
  const { onData } = heard;
  heard.onData = (socket: Socket, at: number, length: number): void => {
    hash.update(heard.world.slab.bytes.subarray(at, at + length));
    onData.call(heard, socket, at, length);
  };
  return { digest: () => hash.copy().digest('hex') };
}

function hashOfPeer(peer: TLSSocket): { bytes: number; ended: boolean; readonly digest: () => string } {
  const hash = createHash('sha256');
  const seen = { bytes: 0, ended: false, digest: () => hash.copy().digest('hex') };
  peer.on('data', (piece: Buffer) => {
    seen.bytes += piece.length;
    hash.update(piece);
  });
  peer.on('end', () => {
    seen.ended = true;
  });
  return seen;
}

for (const role of ['client', 'server'] as const) {
  t.test(`100 MB both ways at once arrive whole, as ${role}, with bounded buffers`, { timeout: 120_000 }, async (t) => {
    const rig = new Rig();
    let peer: TLSSocket | null = null;
    let ours: End | undefined;
    if (role === 'client') {
      const server = await nodeServer({ cert: orders.certificate, key: orders.key }, (socket) => {
        peer = socket;
      });
      ours = rig.dial(server.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
      await rig.until(() => peer !== null && ours?.socket.tls?.established === true);
      t.teardown(() => stopNodeServer(server));
    } else {
      const { address, ends } = rig.accept(rig.serverContext(orders));
      const client = nodeClient(address.port, {
        servername: 'orders.example',
        ca: pki.ca.certificate,
        allowHalfOpen: true,
      } as object);
      await rig.until(() => client.authorized && ends[0]?.socket.tls?.established === true);
      peer = client;
      [ours] = ends;
    }
    if (peer === null || ours === undefined) throw new Error('not connected');
    const at = hashOfPeer(peer);
    const here = hashOf(ours);
    patternStream(2, LARGE).pipe(peer);
    const poured = pour(rig, ours, 1, LARGE);
    await rig.until(() => at.ended && (ours?.heard.events.includes('end') ?? false), 100_000);
    t.equal(at.bytes, LARGE);
    t.equal(ours.heard.bytes, LARGE);
    t.equal(at.digest(), digest(pieces(1, LARGE)));
    t.equal(here.digest(), digest(pieces(2, LARGE)));
    t.equal(ours.socket.bytesRead, LARGE);
    t.equal(ours.socket.bytesWritten, LARGE);
    t.ok(poured.most() <= PIECE, `at most ${poured.most()} bytes were waiting`);
    rig.world.reactor.close(ours.socket);
    t.equal(rig.world.slab.chunksInUse, 0);
    rig.destroy();
  });
}

t.test('every byte in a segment of its own makes no difference, in both directions and roles', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const middle = await startMiddle(address.port, { act: 'end', oneByOne: true });
  const client = rig.dial(middle.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.until(() => client.socket.tls?.established === true && ends[0]?.socket.tls?.established === true);
  send(rig.world, client.socket, pattern(1, 0, 5_000));
  send(rig.world, ends[0].socket, pattern(2, 0, 5_000));
  await rig.until(() => client.heard.bytes === 5_000 && ends[0].heard.bytes === 5_000, 20_000);
  t.ok(ends[0].heard.data.equals(pattern(1, 0, 5_000)));
  t.ok(client.heard.data.equals(pattern(2, 0, 5_000)));
  t.same(ends[0].heard.events, ['connect']);
  middle.close();
  rig.destroy();
});

t.test('a paused connection hears nothing, and everything once it goes on, even what came with the end', async (t) => {
  const rig = new Rig();
  const server = await nodeServer({ cert: orders.certificate, key: orders.key });
  const client = rig.dial(server.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.until(() => client.socket.tls?.established === true && server.sockets.length === 1);
  rig.world.reactor.pause(client.socket);
  server.sockets[0].end(pattern(3, 0, 200_000));
  await turnFor(rig.world, 100);
  t.equal(client.heard.bytes, 0);
  t.ok(countIdleTurns(rig.world, 200) < 30, 'and costs nothing meanwhile');
  // Paused again by every piece: the end comes when it is wanted.
  client.heard.on.data = (socket) => rig.world.reactor.pause(socket);
  while (client.heard.bytes < 200_000) {
    const before = client.heard.bytes;
    rig.world.reactor.resume(client.socket);
    await rig.until(() => client.heard.bytes > before);
    t.ok(client.heard.bytes - before <= 65_536);
    t.equal(client.socket.paused, true);
  }
  await turnFor(rig.world, 50);
  t.same(client.heard.events, ['connect']);
  t.ok(countIdleTurns(rig.world, 200) < 30);
  rig.world.reactor.resume(client.socket);
  await rig.until(() => client.heard.events.includes('end'));
  t.ok(client.heard.data.equals(pattern(3, 0, 200_000)));
  stopNodeServer(server);
  rig.destroy();
});

t.test('a peer that does not read is waited for, and what was written arrives after a close', async (t) => {
  const rig = new Rig();
  const server = await nodeServer({ cert: orders.certificate, key: orders.key });
  const client = rig.dial(server.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.until(() => client.socket.tls?.established === true && server.sockets.length === 1);
  const [peer] = server.sockets;
  peer.pause();
  let written = 0;
  // Until Node, both kernels and then we ourselves hold all that we are willing to.
  while (client.socket.pendingBytes === 0) {
    send(rig.world, client.socket, pattern(5, written, PIECE));
    written += PIECE;
    await turnFor(rig.world, 1);
  }
  t.ok(written > 1_000_000, 'the kernels were full');
  send(rig.world, client.socket, pattern(5, written, 1_000));
  written += 1_000;
  rig.world.reactor.close(client.socket);
  t.equal(client.socket.closed, false);
  t.ok(countIdleTurns(rig.world, 200) < 30, 'waiting costs nothing');
  const seen = hashOfPeer(peer);
  peer.resume();
  await rig.until(() => seen.ended);
  t.equal(seen.bytes, written);
  t.equal(seen.digest(), digest(pieces(5, written)));
  await rig.until(() => client.socket.closed);
  t.equal(rig.world.slab.chunksInUse, 0);
  stopNodeServer(server);
  rig.destroy();
});

t.test('writes of every size cross record boundaries unharmed', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const client = rig.dial(address.port, targetOf(rig.clientContext(pki.ca.certificate), 'orders.example'));
  await rig.until(() => client.socket.tls?.established === true && ends[0]?.socket.tls?.established === true);
  let total = 0;
  for (const size of [1, 2, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 196_608, 0, 7]) {
    if (!send(rig.world, client.socket, pattern(9, total, size))) await rig.until(() => client.socket.pending === null);
    total += size;
  }
  await rig.until(() => ends[0].heard.bytes === total);
  t.ok(ends[0].heard.data.equals(pattern(9, 0, total)));
  rig.destroy();
});

t.test('the deadline of a connection covers its handshake', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const { connect } = await import('node:net');
  const silent = connect(address.port, '127.0.0.1');
  await rig.until(() => ends.length === 1);
  rig.world.reactor.setTimer(ends[0].socket, 60);
  await rig.until(() => ends[0].heard.events.length > 0);
  t.same(ends[0].heard.events, ['timeout']);
  rig.world.reactor.reset(ends[0].socket);
  silent.destroy();
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});
