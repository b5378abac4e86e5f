import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { agentReplySchema, progressSchema, statusReplySchema } from '../../src/contract/messages.ts';
import { startWatch } from '../helpers/stopwatch.ts';
import { ORDERS, operator, route, startAgent, startControl, until, workload } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const control = await startControl(nats.url);
const bus = await operator(nats.url);
t.teardown(async () => {
  await control.stop();
  await bus.close();
  await nats.dispose();
});
const apply = async (text: string): Promise<{ epoch: number; gen: number }> =>
  JSON.parse((await bus.request('towpath.v1.default.control.resource.apply', text, 5_000)).text());
const wait = async ({ epoch, gen }: { epoch: number; gen: number }, timeoutMs = 2_000) =>
  progressSchema.parse(
    JSON.parse(
      (
        await bus.request('towpath.v1.default.control.change.wait', JSON.stringify({ epoch, gen, timeoutMs }), 5_000)
      ).text(),
    ),
  );
const stateOf = async (host: string): Promise<string | undefined> => {
  const reply = await bus.request('towpath.v1.default.control.mesh.status', '', 10_000);
  return statusReplySchema
    .parse(JSON.parse(reply.text()))
    .agents.map((a) => agentReplySchema.parse(a))
    .find((a) => a.host === host)?.state;
};
await until('control answers', () =>
  apply(`${ORDERS}---${route('1s')}`).then(
    () => true,
    () => false,
  ),
);

t.test('every agent acknowledges a change, whether it uses the service or not', async (t) => {
  const user = startAgent(nats.url, 'user');
  const idle = startAgent(nats.url, 'idle');
  user.link.demand('shop/orders');
  user.link.demand('shop/orders');
  await until('the view', () => user.services.has('shop/orders'));
  await until(
    'both hold a lease',
    async () => (await stateOf('user')) === 'SYNCED' && (await stateOf('idle')) === 'SYNCED',
  );
  const progress = await wait(await apply(route('2s')));
  t.match(progress, { total: 2, acknowledged: 2, missing: [], rejected: [] });
  t.equal(
    user.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs,
    2_000,
    'in force when acknowledged',
  );
  t.equal(idle.services.size, 0, 'and only where it is wanted');
  await user.link.stop();
  await idle.link.stop();
});

t.test('an agent that cannot take a view keeps the old one and says why', async (t) => {
  const agent = startAgent(nats.url, 'picky');
  agent.link.demand('shop/orders');
  await until('the view', () => agent.services.has('shop/orders'));
  const before = agent.services.get('shop/orders');
  agent.refuse = 'out of memory';
  const progress = await wait(await apply(route('3s')));
  t.match(progress.rejected, [{ host: 'picky', errors: [{ key: 'svc.shop.orders', reason: 'out of memory' }] }]);
  t.equal(agent.services.get('shop/orders'), before);
  t.equal(await stateOf('picky'), 'ERROR');
  t.equal(agent.link.stats().lastRejection, 'svc.shop.orders: out of memory');
  agent.refuse = null;
  t.match(await wait(await apply(route('4s'))), { acknowledged: 1, rejected: [] });
  await agent.link.stop();
});

t.test('an agent that is stuck is named after the time is up', async (t) => {
  const bus2 = await operator(nats.url);
  await bus2
    .bucket('towpath_lease')
    .put('stuck', JSON.stringify({ version: '0.1.0', boot: 'x', ack: null, workloads: [] }));
  await until('it is listed', async () => (await stateOf('stuck')) === 'STALE');
  t.match(await wait(await apply(route('5s')), 200), { missing: ['stuck'], acknowledged: 0, total: 1 });
  await bus2.bucket('towpath_lease').remove('stuck', null);
  await bus2.close();
});

t.test('malformed, older and foreign views change nothing', async (t) => {
  const agent = startAgent(nats.url, 'careful');
  agent.link.demand('shop/orders');
  await until('the view', () => agent.services.has('shop/orders') && agent.link.stats().acknowledged !== null);
  const before = agent.services.get('shop/orders');
  const directory = agent.directory;
  const calls = agent.calls;
  if (before === undefined || directory === null) throw new Error('unreachable');
  const newer = { ...before.version, gen: before.version.gen + 1_000 };
  const bad: unknown[] = [
    { ...before, version: newer, clusters: {} },
    { ...before, version: newer, name: 'other' },
    { ...before, version: newer, ports: 'none' },
    { ...before, version: newer, virtualIps: ['not an address'] },
    { ...before, version: { ...newer, gen: -1 } },
    { ...before, version: { ...before.version, gen: before.version.gen - 1 }, virtualIps: [] },
    { ...before, version: { ...newer, epoch: before.version.epoch - 1 }, virtualIps: [] },
    [],
    null,
  ];
  for (const view of bad) {
    bus.publish('towpath.v1.default.view.svc.shop.orders', JSON.stringify(view));
    await bus.flush();
    await sleep(5);
  }
  bus.publish('towpath.v1.default.view.svc.shop.orders', new Uint8Array([0xff, 0xfe, 0x00]));
  bus.publish('towpath.v1.default.view.svc.shop.orders', '', { 'KV-Operation': 'DEL' });
  bus.publish('towpath.v1.default.view.dir.0', '{"services":[]}');
  bus.publish('towpath.v1.default.view._meta', '{"epoch":"high"}');
  await bus.flush();
  await until('they were looked at', () => agent.link.stats().counters.viewsRejected >= 6);
  t.equal(agent.services.get('shop/orders'), before);
  t.equal(agent.directory, directory);
  t.equal(agent.calls, calls, 'no callback was called');
  t.match(await wait(await apply(route('6s'))), { acknowledged: 1, rejected: [] }, 'a good one repairs it');
  await agent.link.stop();
});

t.test('lost messages cost seconds, never correctness', async (t) => {
  const silent = await startNatsServer();
  const maker = await operator(silent.url);
  // A view bucket that republishes nothing: as if every message of it were lost.
  const options = { history: 1, ttlMs: null, republishPrefix: null, replicas: 1, maxValueBytes: 1_048_576 };
  await maker.ensureBucket('towpath_view', options);
  const other = await startControl(silent.url);
  const agent = startAgent(silent.url, 'deaf');
  const send = (text: string) => maker.request('towpath.v1.default.control.resource.apply', text, 5_000);
  await until('control answers', () =>
    send(`${ORDERS}---${route('1s')}`).then(
      () => true,
      () => false,
    ),
  );
  agent.link.demand('shop/orders');
  const timeout = () => agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs;
  await until('the timer finds the view', () => timeout() === 1_000);
  const { gen } = JSON.parse((await send(route('2s'))).text());
  await until('and its change', () => timeout() === 2_000);
  await until('and acknowledges it', () => agent.link.stats().acknowledged?.gen === gen);
  await send(route('3s'));
  const watch = startWatch();
  t.equal((await maker.request('towpath.v1.default.agent.deaf.resync', '', 10_000)).text(), '{"ok":true}');
  await until('resync reads it', () => timeout() === 3_000);
  t.ok(watch.quietMs() < 500, 'at once');
  await agent.link.stop();
  await other.stop();
  await maker.close();
  await silent.dispose();
});

t.test('a deleted service is taken out, and comes back when it is made again', async (t) => {
  const agent = startAgent(nats.url, 'gone');
  agent.link.demand('shop/orders');
  await until('the view', () => agent.services.has('shop/orders'));
  await bus.request(
    'towpath.v1.default.control.resource.delete',
    '{"kind":"Service","namespace":"shop","name":"orders"}',
    5_000,
  );
  await until('it is removed', () => !agent.services.has('shop/orders') && agent.directory?.services.length === 0);
  t.equal(agent.link.stats().services.length, 0);
  await apply(ORDERS);
  await until('it is listed again', () => agent.directory?.services.length === 1);
  agent.link.demand('shop/orders');
  await until('the view', () => agent.services.has('shop/orders'));
  await agent.link.stop();
});

t.test('a link that resumes from kept views asks for nothing older', async (t) => {
  const first = startAgent(nats.url, 'keeper');
  first.link.demand('shop/orders');
  await until('the view', () => first.services.has('shop/orders') && first.directory !== null);
  await first.link.stop();
  const second = startAgent(nats.url, 'keeper');
  second.link.resume({ directory: first.directory, services: [...first.services.values()] });
  await until('it is in step', () => second.link.stats().acknowledged !== null);
  t.equal(second.calls, 0, 'what it held is the newest: no callback was called');
  await second.link.stop();
});

t.test('operators can ask the agent', async (t) => {
  const agent = startAgent(nats.url, 'asked', [workload('orders-1', '10.0.0.1')]);
  const ask = (verb: string, body = '') => bus.request(`towpath.v1.default.agent.asked.${verb}`, body, 10_000);
  await until('it answers', () =>
    ask('ping').then(
      () => true,
      () => false,
    ),
  );
  t.match(JSON.parse((await ask('ping')).text()), { host: 'asked', version: '0.1.0' });
  t.match(JSON.parse((await ask('status')).text()), { host: 'asked' });
  t.match(JSON.parse((await ask('dump')).text()), { services: [] });
  t.match(JSON.parse((await ask('loglevel', 'debug')).text()), { level: 'debug' });
  const bad = await ask('loglevel', 'loud');
  t.equal(bad.header('Nats-Service-Error-Code'), '400');
  t.match(bad.header('Nats-Service-Error'), /"loud" is no log level/);
  const all = await bus.requestMany('towpath.v1.default.agents.ping', '', 300);
  t.same(
    all.map((reply) => JSON.parse(reply.text()).host),
    ['asked'],
  );
  const info = JSON.parse((await bus.request('$SRV.INFO.towpath-agent.asked', '', 10_000)).text());
  t.match(info, { name: 'towpath-agent', id: 'asked', metadata: { host: 'asked' } });
  await agent.link.stop();
});

t.test('a host takes the view of its own workloads, and keeps the last good one', async (t) => {
  const views = bus.bucket('towpath_view');
  const put = (gen: number, workloads: unknown) =>
    views.put('host.door', JSON.stringify({ version: { epoch: 1, gen, hash: '0123456789abcdef' }, workloads }));
  await put(1, [{ namespace: 'shop', name: 'orders' }]);
  const door = startAgent(nats.url, 'door');
  const other = startAgent(nats.url, 'other');
  await until('the view that was there', () => door.own?.version.gen === 1);
  await put(2, []);
  await until('the view that came', () => door.own?.version.gen === 2);
  await put(3, 'rubbish');
  await until('the refusal', () => door.link.stats().lastRejection?.startsWith('host.door') === true);
  t.equal(door.own?.version.gen, 2);
  t.equal(other.own, null);
  await door.link.stop();
  await other.link.stop();
  await views.remove('host.door', null);
});
