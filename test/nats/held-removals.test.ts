import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { confirmReplySchema } from '../../src/contract/held-messages.ts';
import { statusReplySchema } from '../../src/contract/messages.ts';
import { startWatch } from '../helpers/stopwatch.ts';
import {
  LEASE_TTL_MS,
  ORDERS,
  operator,
  route,
  startAgent,
  startControl,
  until,
  watchViews,
  workload,
} from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const PREFIX = 'towpath.v1.default.control';
const nats = await startNatsServer();
let control = await startControl(nats.url);
const bus = await operator(nats.url);
const watcher = startAgent(nats.url, 'watcher');
t.teardown(async () => {
  clearInterval(renewing);
  await watcher.link.stop();
  await control.stop();
  await bus.close();
  await nats.dispose();
});

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
/** Not spawnSync: control runs in this process. */
function runTowpath(words: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...words], (error, out, err) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

/** Hosts whose leases the test renews: they can fall silent as a dead machine does. */
const alive = new Set<string>();
const renew = (host: string): Promise<number> =>
  bus.bucket('towpath_lease').put(host, JSON.stringify({ version: '0.1.0', boot: host, ack: null, workloads: null }));
const pending = new Set<Promise<unknown>>();
const renewing = setInterval(() => {
  for (const host of alive) {
    const renewal = renew(host)
      .catch(() => {})
      .finally(() => pending.delete(renewal));
    pending.add(renewal);
  }
}, LEASE_TTL_MS / 5);
async function join4(): Promise<void> {
  for (let i = 1; i <= 4; i++) {
    const { labels, address, ports, weight, healthy } = workload('x', `10.0.0.${i}`);
    const record = JSON.stringify({ labels, address, ports, weight, healthy });
    await bus.bucket('towpath_endpoint').put(`h${i}.shop.x`, record);
    await renew(`h${i}`);
    alive.add(`h${i}`);
  }
}
const addresses = (): string | undefined =>
  watcher.services
    .get('shop/orders')
    ?.clusters['shop/orders:80']?.endpoints.map(({ ip }) => ip.slice(-1))
    .join('');
const status = async () =>
  statusReplySchema.parse(JSON.parse((await bus.request(`${PREFIX}.mesh.status`, '', 10_000)).text()));
const sees = (wanted: string) => until(`endpoints ${wanted}`, () => addresses() === wanted);

await until('control answers', () =>
  bus.request(`${PREFIX}.resource.apply`, `${ORDERS}---${route('1s')}`, 10_000).then(
    () => true,
    () => false,
  ),
);
watcher.link.demand('shop/orders');
await join4();
await sees('1234');
await sleep(LEASE_TTL_MS); // The grace period after the start is over.

t.test('the death of one host of four is removed within its lease and two seconds', async (t) => {
  alive.delete('h4');
  const watch = startWatch();
  await sees('123');
  t.ok(watch.ms() > LEASE_TTL_MS * 0.5 && watch.quietMs() < LEASE_TTL_MS + 2_000, `${Math.round(watch.ms())} ms`);
  t.same((await status()).held, []);
});

t.test('two of the three others at once are held, and restored when they are heard again', async (t) => {
  alive.delete('h2');
  alive.delete('h3');
  await until('it is said', async () => (await status()).held?.length === 1);
  t.match((await status()).held, [{ service: 'shop/orders', endpoints: 2, hosts: ['h2', 'h3'] }]);
  await sleep(LEASE_TTL_MS * 2);
  t.equal(addresses(), '123');
  const metrics = await (await fetch(`http://127.0.0.1:${control.httpPort}/metrics`)).text();
  t.match(metrics, /towpath_control_held_endpoints 2\n/);
  t.match(metrics, /towpath_control_removals_held_total 2\n/);
  alive.add('h2').add('h3');
  await until('nothing is held', async () => (await status()).held?.length === 0);
  t.equal(addresses(), '123');
});

t.test('an operator confirms, by command, and the trail says who', async (t) => {
  alive.delete('h2');
  alive.delete('h3');
  await until('it is held', async () => (await status()).held?.length === 1);
  const towpath = (...words: string[]) => runTowpath([...words, '--server', nats.url]);
  t.match(
    (await towpath('status')).out,
    /held {6}shop\/orders: 2 silent endpoints \(h2, h3\) stay in force; if they are gone: towpath confirm orders -n shop/,
  );
  const absent = await towpath('confirm', 'stock', '-n', 'shop');
  t.equal(absent.status, 1);
  t.match(absent.err, /no removal of endpoints of shop\/stock is held/);
  const done = await towpath('confirm', 'orders', '-n', 'shop', '-o', 'json');
  t.same(confirmReplySchema.parse(JSON.parse(done.out)), { service: 'shop/orders', removed: 2 });
  await sees('1');
  t.same((await status()).held, []);
  const trail = await bus.request(
    '$JS.API.STREAM.MSG.GET.TOWPATH_AUDIT',
    '{"last_by_subj":"towpath.v1.default.audit.resource"}',
    2_000,
  );
  const event = JSON.parse(Buffer.from(JSON.parse(trail.text()).message.data, 'base64').toString());
  t.match(event, { action: 'confirm-removal', author: /@/, results: [{ id: 'Service.shop.orders' }] });
});

t.test('hosts that say good-bye are never held, however many', async (t) => {
  await join4();
  await sees('1234');
  alive.clear();
  await Promise.all(pending); // None of them may arrive after the good-bye.
  const watch = startWatch();
  for (let i = 1; i <= 4; i++) await bus.bucket('towpath_lease').remove(`h${i}`, null);
  await sees('');
  t.ok(watch.quietMs() < LEASE_TTL_MS, 'at once');
  t.same((await status()).held, []);
});

t.test('registrations that the store lost come back, and nobody is without endpoints meanwhile', async (t) => {
  const agents = [1, 2, 3].map((i) => startAgent(nats.url, `real${i}`, [workload(`orders-${i}`, `10.0.1.${i}`)]));
  const watch = watchViews(watcher, 0);
  t.teardown(async () => {
    watch.stop();
    await Promise.all(agents.map((agent) => agent.link.stop()));
  });
  await sees('123');
  watch.least = 3;
  await bus.request('$JS.API.STREAM.DELETE.KV_towpath_endpoint', '', 10_000);
  await until('the running control has them again', async () => {
    return (
      (
        await bus
          .bucket('towpath_endpoint')
          .list()
          .catch(() => [])
      ).length === 3
    );
  });
  await sleep(500);
  await control.stop();
  await bus.request('$JS.API.STREAM.DELETE.KV_towpath_endpoint', '', 10_000);
  control = await startControl(nats.url, 'second');
  await until('the next control has them again', async () => {
    return (
      (
        await bus
          .bucket('towpath_endpoint')
          .list()
          .catch(() => [])
      ).length === 3
    );
  });
  const apply = bus.request(`${PREFIX}.resource.apply`, route('9s'), 12_000);
  t.equal((await apply).header('Nats-Service-Error'), '', 'a change meanwhile waits and is acknowledged');
  await until(
    'it is in force',
    () => watcher.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs === 9_000,
  );
  watch.stop();
  t.same(watch.faults, []);
});
