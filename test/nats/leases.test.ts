import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { statusReplySchema } from '../../src/contract/messages.ts';
import { startWatch } from '../helpers/stopwatch.ts';
import { LEASE_TTL_MS, ORDERS, operator, startAgent, startControl, until, workload } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
let control = await startControl(nats.url);
const bus = await operator(nats.url);
const watcher = startAgent(nats.url, 'watcher');
t.teardown(async () => {
  await watcher.link.stop();
  await control.stop();
  await bus.close();
  await nats.dispose();
});

const addresses = (): string[] | undefined =>
  watcher.services.get('shop/orders')?.clusters['shop/orders:80']?.endpoints.map(({ ip }) => ip);
const agents = async () =>
  statusReplySchema.parse(JSON.parse((await bus.request('towpath.v1.default.control.mesh.status', '', 10_000)).text()))
    .agents;
const sees = (what: string, ...ips: string[]) => until(what, () => addresses()?.join() === ips.join());

await until('control answers', () =>
  bus.request('towpath.v1.default.control.resource.apply', ORDERS, 10_000).then(
    () => true,
    () => false,
  ),
);
watcher.link.demand('shop/orders');
await sees('the service has no endpoints yet');

t.test('registered workloads become endpoints, and their changes follow', async (t) => {
  const one = startAgent(nats.url, 'one', [workload('orders-1', '10.0.0.1')]);
  await sees('the first endpoint', '10.0.0.1');
  one.link.setWorkloads([workload('orders-1', '10.0.0.1'), workload('orders-2', 'fd00::2')]);
  await sees('a second one, IPv6', '10.0.0.1', 'fd00::2');
  one.link.setWorkloads([{ ...workload('orders-1', '10.0.0.1'), healthy: false }, workload('orders-2', 'fd00::2')]);
  await sees('an unhealthy one gets no traffic', 'fd00::2');
  one.link.setWorkloads([workload('orders-2', 'fd00::2')]);
  one.link.setWorkloads([workload('orders-1', '10.0.0.1')]);
  await sees('the newest list counts', '10.0.0.1');

  const leaving = startWatch();
  await one.link.stop();
  await sees('a clean leave takes effect at once');
  t.ok(leaving.quietMs() < LEASE_TTL_MS / 2, 'long before the lease would have ended');
  t.equal((await agents()).find(({ host }) => host === 'one')?.state, 'GONE');
});

t.test('a host that falls silent loses its endpoints when its lease ends, and gets them back', async (t) => {
  const lease = bus.bucket('towpath_lease');
  const record = JSON.stringify({ version: '0.1.0', boot: 'b', ack: null, workloads: null });
  const { labels, address, ports, weight, healthy } = workload('x', '10.0.0.9');
  await sleep(LEASE_TTL_MS); // during the grace period after control started every record counts
  await bus
    .bucket('towpath_endpoint')
    .put('silent.shop.x', JSON.stringify({ labels, address, ports, weight, healthy }));
  await sleep(100);
  t.same(addresses(), [], 'without a lease it does not count');
  await lease.put('silent', record);
  const watch = startWatch();
  await sees('with a lease it does', '10.0.0.9');
  await sees('until the lease ends');
  t.ok(watch.ms() > LEASE_TTL_MS * 0.8 && watch.quietMs() < LEASE_TTL_MS * 2, `${Math.round(watch.ms())} ms`);
  await lease.put('silent', record);
  await sees('the records were not lost', '10.0.0.9');
  await lease.put('silent', JSON.stringify({ version: '0.1.0', boot: 'b', ack: null, workloads: ['shop.other'] }));
  await sees('left-overs of an earlier run are dropped');
  await until(
    'from the store, too',
    async () => (await bus.bucket('towpath_endpoint').get('silent.shop.x'))?.deleted === true,
  );
});

t.test('records that lie or make no sense are ignored', async (t) => {
  const good = startAgent(nats.url, 'good', [workload('orders-1', '10.0.0.1')]);
  await sees('the good one', '10.0.0.1');
  const endpoints = bus.bucket('towpath_endpoint');
  for (const [key, text] of [
    ['good.shop.bad', '{"address":"999.1.1.1"}'],
    ['good', '{}'],
    ['good.shop.junk', '\u0000'],
    ['GOOD.shop.y', JSON.stringify(workload('y', '10.0.0.7'))],
    ['good.shop.big', `{"x":"${'y'.repeat(60_000)}"}`],
  ] as const) {
    await endpoints.put(key, text);
  }
  bus.publish('towpath.v1.default.lease.good', '', { 'KV-Operation': 'DEL' });
  bus.publish('towpath.v1.default.ack.good', '{"epoch":99999999999,"gen":9,"result":"ACK","errors":[]}');
  bus.publish('towpath.v1.default.ack.nobody', '{"epoch":1,"gen":1,"result":"ACK","errors":[]}');
  await sleep(200);
  t.same(addresses(), ['10.0.0.1']);
  await good.link.stop();
  await sees('all gone');
});

t.test('endpoints survive a restart of control and of NATS: nobody is evicted for want of a message', async (t) => {
  const one = startAgent(nats.url, 'one', [workload('orders-1', '10.0.0.1')]);
  await sees('the endpoint', '10.0.0.1');
  const seen: (string | undefined)[] = [];
  const watch = setInterval(() => seen.push(addresses()?.join()), 5);
  await control.stop();
  await sleep(LEASE_TTL_MS * 1.5);
  control = await startControl(nats.url);
  await until('control is back', async () => (await agents().catch(() => [])).length >= 2);
  await nats.kill();
  await sleep(LEASE_TTL_MS * 1.5);
  await nats.restart('kept');
  await until('both are reconnected', () => one.link.stats().connected && watcher.link.stats().connected);
  await sleep(LEASE_TTL_MS * 1.5);
  clearInterval(watch);
  t.same(new Set(seen), new Set(['10.0.0.1']));
  await one.link.stop();
});

t.test('a host that died while control was down is dropped after the grace period, and stays away', async (t) => {
  // NATS was restarted: the first connection is gone.
  const bus = await operator(nats.url);
  const lease = JSON.stringify({ version: '0.1.0', boot: 'b', ack: null, workloads: null });
  const { labels, address, ports, weight, healthy } = workload('x', '10.0.0.8');
  const record = JSON.stringify({ labels, address, ports, weight, healthy });
  await bus.bucket('towpath_endpoint').put('dead.shop.x', record);
  await bus.bucket('towpath_lease').put('dead', lease);
  await sees('it serves', '10.0.0.8');
  await control.stop();
  await sleep(LEASE_TTL_MS * 1.2);
  control = await startControl(nats.url);
  const started = performance.now();
  await sees('then it is dropped');
  t.ok(performance.now() - started > LEASE_TTL_MS * 0.8, 'not before the grace period is over');
  const seen = new Set<string | undefined>();
  const watch = setInterval(() => seen.add(addresses()?.join()), 5);
  await control.stop();
  control = await startControl(nats.url);
  await sleep(LEASE_TTL_MS);
  clearInterval(watch);
  t.same(seen, new Set(['']), 'the next control does not believe in it');
  await bus.close();
});
