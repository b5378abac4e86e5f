import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Bus } from '../../src/contract/bus-types.ts';
import { startWatch } from '../helpers/stopwatch.ts';
import { ORDERS, operator, route, startAgent, startControl, until, watchViews, workload } from './support/mesh.ts';
import { type NatsServer, startNatsServer } from './support/nats-server.ts';

/** Each test has a server of its own and mostly waits. */
t.jobs = 4;
const SIDE_BY_SIDE = { buffered: true };
const APPLY = 'towpath.v1.default.control.resource.apply';

async function apply(nats: NatsServer, text: string): Promise<{ epoch: number; gen: number }> {
  const bus: Bus = await operator(nats.url);
  try {
    const reply = await bus.request(APPLY, text, 5_000);
    const code = reply.header('Nats-Service-Error');
    if (code !== '') throw new Error(code);
    return JSON.parse(reply.text());
  } finally {
    await bus.close();
  }
}
const applyWhenUp = (nats: NatsServer, text: string) =>
  until(
    'control takes it',
    () =>
      apply(nats, text).then(
        () => true,
        () => false,
      ),
    30_000,
  );

/** A mesh with one service, one route, and an agent that uses it and registers it. */
async function startMesh() {
  const nats = await startNatsServer();
  const control = await startControl(nats.url);
  const agent = startAgent(nats.url, 'host', [workload('orders-1', '10.0.0.1')]);
  await applyWhenUp(nats, `${ORDERS}---${route('1s')}`);
  agent.link.demand('shop/orders');
  await until(
    'the endpoint',
    () => agent.services.get('shop/orders')?.clusters['shop/orders:80']?.endpoints.length === 1,
  );
  const timeout = () => agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs;
  const synced = () => until('the newest is acknowledged', () => agent.link.stats().acknowledged !== null);
  return { nats, control, agent, timeout, synced };
}

t.test('everything starts with NATS down, and meets when it comes up', SIDE_BY_SIDE, async (t) => {
  const nats = await startNatsServer();
  await nats.kill();
  const control = await startControl(nats.url);
  const agent = startAgent(nats.url, 'early');
  t.equal((await fetch(`http://127.0.0.1:${control.httpPort}/readyz`)).status, 503);
  t.equal((await fetch(`http://127.0.0.1:${control.httpPort}/healthz`)).status, 200);
  await sleep(300);
  t.equal(agent.link.stats().connected, false);
  await nats.restart('kept');
  await applyWhenUp(nats, ORDERS);
  await until('the agent knows the service', () => agent.directory?.services.length === 1);
  await agent.link.stop();
  await control.stop();
  await nats.dispose();
});

t.test('stopping while NATS is down takes no time', SIDE_BY_SIDE, async (t) => {
  const nats = await startNatsServer();
  await nats.kill();
  const control = await startControl(nats.url);
  const agent = startAgent(nats.url, 'early');
  const watch = startWatch();
  await agent.link.stop();
  await control.stop();
  t.ok(watch.quietMs() < 2_500);
  await nats.dispose();
});

t.test('NATS killed and started again: views stay, the next change arrives', SIDE_BY_SIDE, async (t) => {
  const { nats, control, agent, timeout } = await startMesh();
  const before = agent.services.get('shop/orders');
  await nats.kill();
  await until('the loss is noticed', () => agent.states.includes('disconnected'));
  t.equal(agent.services.get('shop/orders'), before);
  await nats.restart('kept');
  await applyWhenUp(nats, route('2s'));
  await until('the change arrives', () => timeout() === 2_000);
  t.ok(agent.states.includes('reconnected'));
  await agent.link.stop();
  await control.stop();
  await nats.dispose();
});

t.test(
  'a wiped store is filled again by the running control, with a higher epoch, and agents lose nothing',
  async (t) => {
    const { nats, control, agent, timeout } = await startMesh();
    const epoch = agent.link.stats().acknowledged?.epoch ?? 0;
    const removed: string[] = [];
    const watch = setInterval(() => {
      if (agent.services.get('shop/orders')?.clusters['shop/orders:80']?.endpoints.length !== 1)
        removed.push('endpoint');
    }, 5);
    await nats.restart('wiped');
    await until('a new epoch is acknowledged', () => (agent.link.stats().acknowledged?.epoch ?? 0) > epoch);
    clearInterval(watch);
    t.same(removed, []);
    await applyWhenUp(nats, route('2s'));
    await until('changes arrive', () => timeout() === 2_000);
    const bus = await operator(nats.url);
    t.equal((await bus.bucket('towpath_config').list()).length, 2);
    await bus.close();
    await agent.link.stop();
    await control.stop();
    await nats.dispose();
  },
);

t.test(
  'store wiped and control restarted: agents keep what they run until it is applied again',
  SIDE_BY_SIDE,
  async (t) => {
    const { nats, control, agent, timeout } = await startMesh();
    await control.stop();
    await nats.restart('wiped');
    const again = await startControl(nats.url);
    await until('all are back', () => agent.link.stats().connected);
    await sleep(2_500);
    t.equal(timeout(), 1_000, 'the empty store is not taken for the truth');
    await apply(nats, `${ORDERS}---${route('5s')}`);
    await until('what is applied counts', () => timeout() === 5_000);
    await agent.link.stop();
    await again.stop();
    await nats.dispose();
  },
);

t.test('the view bucket deleted, or edited, by hand is restored', SIDE_BY_SIDE, async (t) => {
  const { nats, control, agent, synced } = await startMesh();
  await synced();
  const bus = await operator(nats.url);
  const views = bus.bucket('towpath_view');
  await views.put('svc.shop.orders', 'junk');
  await until('our view is back', async () =>
    Buffer.from((await views.get('svc.shop.orders'))?.data ?? [])
      .toString()
      .startsWith('{'),
  );
  const epoch = agent.link.stats().acknowledged?.epoch ?? 0;
  await bus.request('$JS.API.STREAM.DELETE.KV_towpath_view', '', 10_000);
  await until(
    'the bucket is made again',
    async () => (await views.mark().catch(() => null)) !== null && (await views.list()).length === 4,
  );
  await until('under a new epoch', () => (agent.link.stats().acknowledged?.epoch ?? 0) > epoch);
  t.equal(agent.services.get('shop/orders')?.clusters['shop/orders:80']?.endpoints.length, 1);
  await bus.close();
  await agent.link.stop();
  await control.stop();
  await nats.dispose();
});

t.test('a store that was rolled back behind the agents gets a higher epoch', SIDE_BY_SIDE, async (t) => {
  const { nats, control, agent, timeout } = await startMesh();
  const bus = await operator(nats.url);
  await control.stop();
  const config = bus.bucket('towpath_config');
  const views = bus.bucket('towpath_view');
  const old = { config: await config.list(), views: await views.list() };
  const between = await startControl(nats.url);
  await applyWhenUp(nats, route('2s'));
  await until('the change arrives', () => timeout() === 2_000);
  await until('and is acknowledged', () => agent.link.stats().acknowledged !== null);
  await between.stop();
  // Epochs go by seconds, and each of the two terms so far took one: whoever restores a store in earnest comes later.
  await sleep(2_500);
  for (const entry of old.config) await config.put(entry.key, Buffer.from(entry.data).toString());
  for (const entry of old.views) await views.put(entry.key, Buffer.from(entry.data).toString());
  const after = await startControl(nats.url);
  await until('agents follow the store', () => timeout() === 1_000);
  t.pass('the old state is in force again');
  await bus.close();
  await agent.link.stop();
  await after.stop();
  await nats.dispose();
});

t.test('control killed in the middle of changes: a new one continues with nothing lost', SIDE_BY_SIDE, async (t) => {
  const { nats, control, agent, timeout } = await startMesh();
  const sent: Promise<unknown>[] = [];
  const bus = await operator(nats.url);
  for (let i = 0; i < 50; i++) sent.push(bus.request(APPLY, route(`${i + 10}s`), 2_000).catch(() => null));
  await sleep(5);
  await control.stop();
  const again = await startControl(nats.url);
  await Promise.all(sent);
  const stored = async () =>
    JSON.parse(Buffer.from((await bus.bucket('towpath_config').get('HTTPRoute.shop.orders'))?.data ?? []).toString());
  await applyWhenUp(nats, ORDERS);
  const expected = Number.parseInt((await stored()).spec.rules[0].timeouts.request, 10) * 1_000;
  await until('the stored state is in force', () => timeout() === expected);
  t.ok(expected >= 1_000);
  await bus.close();
  await agent.link.stop();
  await again.stop();
  await nats.dispose();
});

t.test(
  'a store that was wiped and restored from a backup: no endpoint is missing meanwhile',
  SIDE_BY_SIDE,
  async (t) => {
    const { nats, control, agent, timeout } = await startMesh();
    const epoch = agent.link.stats().acknowledged?.epoch ?? 0;
    const before = await operator(nats.url);
    const backup = await before.bucket('towpath_config').list();
    await before.close();
    await control.stop();
    const watch = watchViews(agent, 1);
    await nats.restart('wiped');
    const bus = await operator(nats.url);
    const options = { history: 32, ttlMs: null, replicas: 1, maxValueBytes: 1_048_576 };
    await bus.ensureBucket('towpath_config', { ...options, republishPrefix: 'towpath.v1.default.config' });
    for (const { key, data } of backup) await bus.bucket('towpath_config').put(key, Buffer.from(data).toString());
    const again = await startControl(nats.url);
    await until('what was restored is published', () => (agent.link.stats().acknowledged?.epoch ?? 0) > epoch);
    await applyWhenUp(nats, route('2s'));
    await until('changes arrive', () => timeout() === 2_000);
    watch.stop();
    t.same(watch.faults, []);
    await bus.close();
    await agent.link.stop();
    await again.stop();
    await nats.dispose();
  },
);
