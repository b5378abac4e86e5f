import t from 'tap';
import type { Endpoint } from '../../../../src/proxy/endpoints/endpoint.ts';
import {
  ANY_IDLE,
  acquire,
  closeIdle,
  FRESH_FOR_UNSAFE_MS,
  NEVER_IDLE,
  release,
} from '../../../../src/proxy/upstream/pool.ts';
import type { UpstreamConnection, UpstreamUser } from '../../../../src/proxy/upstream/upstream-connection.ts';
import { address, ProxyRig } from '../../../helpers/proxy-rig.ts';
import { startWatch } from '../../../helpers/stopwatch.ts';

const user: UpstreamUser = {
  onUpstreamConnect: () => {},
  onUpstreamData: () => {},
  onUpstreamEnd: () => {},
  onUpstreamDrain: () => {},
  onUpstreamError: () => {},
};

async function make(): Promise<{
  rig: ProxyRig;
  endpoint: Endpoint;
  sockets: { write(text: string): unknown; end(): unknown }[];
  borrow(maxIdleMs: number): Promise<UpstreamConnection>;
  give(connection: UpstreamConnection): void;
}> {
  const rig = new ProxyRig({ upstreamIdleMs: 5_000, maxIdlePerEndpoint: 2 });
  const { port, sockets } = await rig.serve((socket) => socket.resume());
  const endpoint = rig.context.outbound.get(address('127.0.0.1', port));
  const { reactor, limits } = rig.context;
  const borrow = async (maxIdleMs: number): Promise<UpstreamConnection> => {
    const connection = acquire(reactor, limits, endpoint, user, maxIdleMs);
    if (typeof connection === 'number') throw new Error(`errno ${connection}`);
    await rig.until(() => connection.connected, 'the connection');
    return connection;
  };
  return { rig, endpoint, sockets, borrow, give: (c) => release(reactor, limits, c) };
}

t.test('the connection returned last is taken first, and at most the limit is kept', async (t) => {
  const { rig, endpoint, borrow, give } = await make();
  const all = [await borrow(ANY_IDLE), await borrow(ANY_IDLE), await borrow(ANY_IDLE)];
  for (const connection of all) give(connection);
  t.equal(endpoint.idle.length, 2);
  t.ok(all[2].socket.closed, 'one too many is closed');
  t.equal(await borrow(ANY_IDLE), all[1]);
  t.equal(await borrow(ANY_IDLE), all[0]);
  t.ok(all[0].pooled);
  await rig.end();
});

t.test('a request that must not be sent twice takes a connection only fresh from use', async (t) => {
  const { rig, borrow, give } = await make();
  const one = await borrow(ANY_IDLE);
  give(one);
  t.equal(await borrow(FRESH_FOR_UNSAFE_MS), one);
  give(one);
  one.idleSince -= FRESH_FOR_UNSAFE_MS + 100;
  const other = await borrow(FRESH_FOR_UNSAFE_MS);
  t.not(other, one);
  t.equal(await borrow(ANY_IDLE), one);
  give(one);
  t.not(await borrow(NEVER_IDLE), one);
  await rig.end();
});

t.test('bytes or FIN on an idle connection take it out of the pool', async (t) => {
  for (const speak of ['bytes', 'FIN'] as const) {
    const { rig, endpoint, sockets, borrow, give } = await make();
    const one = await borrow(ANY_IDLE);
    give(one);
    await rig.until(() => sockets.length === 1, 'the server');
    if (speak === 'bytes') sockets[0].write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    else sockets[0].end();
    await rig.until(() => endpoint.idle.length === 0, `${speak} to be noticed`);
    t.ok(one.socket.closed);
    t.not(await borrow(ANY_IDLE), one);
    await rig.end();
  }
});

t.test('a server that says how long it waits is believed, with a margin', async (t) => {
  const { rig, endpoint, borrow, give } = await make();
  const short = await borrow(ANY_IDLE);
  short.serverIdleMs = 0;
  give(short);
  t.equal(endpoint.idle.length, 0, 'not worth keeping');
  const longer = await borrow(ANY_IDLE);
  longer.serverIdleMs = 300;
  give(longer);
  t.equal(endpoint.idle.length, 1);
  const watch = startWatch();
  await rig.until(() => endpoint.idle.length === 0, 'its end in time');
  t.ok(watch.quietMs() < 290, 'before the server closes it');
  await rig.end();
});

t.test('a server that closes idle connections is learned from', async (t) => {
  const { rig, endpoint, sockets, borrow, give } = await make();
  const one = await borrow(ANY_IDLE);
  give(one);
  await rig.until(() => sockets.length === 1, 'the server');
  sockets[0].end();
  await rig.until(() => endpoint.idle.length === 0, 'the FIN to be noticed');
  t.ok(endpoint.idleLesson.unsafeFor(rig.reactor.now, -1) < 500, 'such a connection is no longer fresh after a second');
  t.equal(endpoint.idleLesson.keepFor(rig.reactor.now, -1, 5_000), 5_000, 'but good enough for what may be sent again');
  await rig.end();
});

t.test('a request that must not be sent twice passes over a connection whose end is still to be handled', async (t) => {
  const { rig, endpoint, sockets, borrow, give } = await make();
  const one = await borrow(ANY_IDLE);
  give(one);
  await rig.until(() => sockets.length === 1, 'the server');
  // close(2) at once: the FIN is in the kernel, and the reactor has not turned since.
  (sockets[0] as unknown as { destroy(): void }).destroy();
  const { reactor, limits } = rig.context;
  const other = acquire(reactor, limits, endpoint, user, FRESH_FOR_UNSAFE_MS);
  t.not(other, one);
  t.ok(one.socket.closed);
  await rig.end();
});

t.test('a connection that still has bytes to send is not lent again', async (t) => {
  const { rig, endpoint, sockets, borrow, give } = await make();
  const one = await borrow(ANY_IDLE);
  await rig.until(() => sockets.length === 1, 'the server');
  (sockets[0] as unknown as { pause(): void }).pause();
  const { reactor } = rig;
  while (reactor.write(one.socket, reactor.slab.composeArea, 65_536));
  give(one);
  t.equal(endpoint.idle.length, 0);
  await rig.end();
});

t.test('all idle connections of an endpoint can be closed', async (t) => {
  const { rig, endpoint, borrow, give } = await make();
  const all = [await borrow(ANY_IDLE), await borrow(ANY_IDLE)];
  for (const connection of all) give(connection);
  closeIdle(endpoint);
  t.same(
    all.map((c) => c.socket.closed),
    [true, true],
  );
  t.equal(endpoint.idle.length, 0);
  await rig.end();
});
