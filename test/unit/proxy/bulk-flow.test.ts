import { createHash, randomBytes } from 'node:crypto';
import t from 'tap';
import { BulkFlow } from '../../../src/proxy/bulk-flow.ts';
import { GATHER_BYTES, GatherPace } from '../../../src/proxy/gather-pace.ts';
import type { Socket } from '../../../src/reactor/socket.ts';
import { type PumpResult, SplicePipe } from '../../../src/reactor/splice-pipe.ts';
import { address, ProxyRig } from '../../helpers/proxy-rig.ts';
import { startWatch } from '../../helpers/stopwatch.ts';

/** Gathers from the first byte on, and after every rest. */
class EagerPace extends GatherPace {
  override moved(): boolean {
    const begins = !this.gathering;
    this.gathering = true;
    return begins;
  }
}

/** A listener's connection and one that we dialled to a server of the test, joined by two flows that gather at once. */
async function join(rig: ProxyRig, port: number) {
  const { reactor } = rig;
  const waited: number[] = [];
  const { awaitBytes } = reactor;
  reactor.awaitBytes = (socket, bytes) => {
    waited.push(bytes);
    awaitBytes.call(reactor, socket, bytes);
  };
  const sides: Socket[] = [];
  const flows = new Map<Socket, BulkFlow>();
  const other = (socket: Socket): Socket => (socket === sides[0] ? sides[1] : sides[0]);
  const after = (source: Socket, result: PumpResult): void => {
    if (result === 'blocked') {
      reactor.pause(source);
      reactor.setWantsWritable(other(source), true);
    } else if (result === 'ended') {
      reactor.markReadClosed(source);
      reactor.end(other(source));
    } else if (typeof result === 'object') for (const socket of sides) reactor.reset(socket);
  };
  const handler = {
    onConnect: () => {},
    onData: () => {},
    onEnd: () => {},
    onDrain: () => {},
    onTimeout: () => {},
    onError: () => {
      for (const socket of sides) reactor.reset(socket);
    },
    onReadable: (socket: Socket) => after(socket, flows.get(socket)?.pump() ?? 'drained'),
    onWritable: (socket: Socket) => {
      reactor.setWantsWritable(socket, false);
      reactor.resume(other(socket));
      after(other(socket), flows.get(other(socket))?.pump() ?? 'drained');
    },
  };
  const dial = async (to: number): Promise<void> => {
    const socket = reactor.dial(address('127.0.0.1', to), 0, handler);
    if (typeof socket === 'number') throw new Error(`errno ${socket}`);
    sides.push(socket);
    await rig.until(() => !socket.connecting && !socket.unregistered, 'the connection');
  };
  await dial(port);
  await dial(port);
  for (const socket of sides) {
    const pipe = SplicePipe.open(reactor.kernel);
    if (pipe === null) throw new Error('no pipe');
    flows.set(
      socket,
      new BulkFlow(reactor, socket, other(socket), pipe, new EagerPace(), (result) => after(socket, result)),
    );
    reactor.setRaw(socket, pipe);
  }
  return { waited };
}

t.test('what a gathering stream leaves behind arrives within milliseconds, though nobody ends it', async (t) => {
  const rig = new ProxyRig();
  const ends: import('node:net').Socket[] = [];
  const { port } = await rig.serve((socket) => void ends.push(socket));
  const { waited } = await join(rig, port);
  await rig.until(() => ends.length === 2, 'both ends');
  const got = createHash('sha256');
  const sent = createHash('sha256');
  let received = 0;
  ends[1].on('data', (chunk) => {
    received += chunk.length;
    got.update(chunk);
  });
  const slowest = { ms: 0 };
  let total = 0;
  for (const size of [5_000_000, 1, 300_000, 17, GATHER_BYTES, GATHER_BYTES - 1, 2 * GATHER_BYTES + 1]) {
    const bytes = randomBytes(size);
    const watch = startWatch();
    sent.update(bytes);
    ends[0].write(bytes);
    total += size;
    await rig.until(() => received === total, `${size} bytes`);
    if (size < GATHER_BYTES) slowest.ms = Math.max(slowest.ms, watch.quietMs());
  }
  t.ok(slowest.ms < 250, `the slowest took ${slowest.ms.toFixed(1)} ms`);
  t.equal(got.digest('hex'), sent.digest('hex'));
  t.ok(waited.includes(GATHER_BYTES), 'it did gather');
  t.ok(waited.includes(1), 'and stopped when the kernel had nothing to report');
  for (const end of ends) end.destroy();
  await rig.end();
});

t.test('large messages to and fro go on, and FIN passes while bytes gather', async (t) => {
  const rig = new ProxyRig();
  const ends: import('node:net').Socket[] = [];
  const { port } = await rig.serve((socket) => void ends.push(socket));
  await join(rig, port);
  await rig.until(() => ends.length === 2, 'both ends');
  const [near, far] = ends;
  const size = 300_000;
  const message = randomBytes(size);
  let rounds = 0;
  let nearGot = 0;
  let farGot = 0;
  let ended = false;
  far.on('data', (chunk) => {
    farGot += chunk.length;
    if (farGot === size * (rounds + 1)) far.write(message);
  });
  far.on('end', () => {
    ended = true;
  });
  near.on('data', (chunk) => {
    nearGot += chunk.length;
    if (nearGot < size * (rounds + 1)) return;
    rounds++;
    if (rounds < 50) near.write(message);
    else near.end('the end');
  });
  near.write(message);
  await rig.until(() => ended, 'fifty rounds and FIN', 20_000);
  t.equal(nearGot, 50 * size);
  t.equal(farGot, 50 * size + 7);
  for (const end of ends) end.destroy();
  await rig.end();
});
