import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Bus } from '../../src/contract/bus-types.ts';
import { subjectsOf } from '../../src/contract/subjects.ts';
import { LeaderLock } from '../../src/control/leader-lock.ts';
import { ViewBucket } from '../../src/control/view-bucket.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { stubbornOperator } from './support/changes.ts';
import { ORDERS, operator, route, startAgent, startControl, until, watchViews, workload } from './support/mesh.ts';
import { type NatsServer, startNatsServer } from './support/nats-server.ts';

/** Each test has a server of its own. */
t.jobs = 4;
const SIDE_BY_SIDE = { buffered: true };
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** Every event of the audit trail. */
async function auditTrail(bus: Bus): Promise<{ requestId: string; action: string; author: string }[]> {
  const info = JSON.parse((await bus.request('$JS.API.STREAM.INFO.TOWPATH_AUDIT', '', 10_000)).text());
  const events = [];
  for (let seq = info.state.first_seq; seq <= info.state.last_seq; seq++) {
    const reply = await bus.request('$JS.API.STREAM.MSG.GET.TOWPATH_AUDIT', JSON.stringify({ seq }), 10_000);
    events.push(JSON.parse(Buffer.from(JSON.parse(reply.text()).message.data, 'base64').toString()));
  }
  return events;
}

const stored = async (bus: Bus, name: string) =>
  JSON.parse(Buffer.from((await bus.bucket('towpath_config').get(`HTTPRoute.shop.${name}`))?.data ?? []).toString());

function spawnControl(nats: NatsServer, id: string): ChildProcess {
  const args = [
    'control',
    '--server',
    nats.url,
    '--id',
    id,
    '--http',
    '127.0.0.1:0',
    '--log-level',
    'silent',
    '--lease-ttl',
    '1s',
    '--ca',
    'off',
  ];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], { stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
}

t.test(
  'two controls that both believe to lead lose no change, and write one audit event for each',
  SIDE_BY_SIDE,
  async (t) => {
    const nats = await startNatsServer();
    const controls = [await startControl(nats.url, 'one'), await startControl(nats.url, 'two')];
    const agent = startAgent(nats.url, 'host', [workload('orders-1', '10.0.0.1')]);
    const who = stubbornOperator(nats.url);
    await who.apply(ORDERS);
    agent.link.demand('shop/orders');
    await until(
      'the endpoint',
      () => agent.services.get('shop/orders')?.clusters['shop/orders:80']?.endpoints.length === 1,
    );
    const watch = watchViews(agent, 1);

    const holders = new Set<string>();
    let done = false;
    const stealing = (async () => {
      while (!done) {
        const lock = await who.bus.bucket('towpath_lock').get('leader');
        if (lock !== null && !lock.deleted) {
          holders.add(Buffer.from(lock.data).toString().split(' ', 1)[0] ?? '');
          await who.bus.bucket('towpath_lock').remove('leader', null);
        }
        await sleep(1_500);
      }
    })();
    const requests: string[] = [];
    const CHANGES = 40;
    const change = async (worker: number): Promise<void> => {
      for (let i = 1; i <= CHANGES; i++) {
        requests.push((await who.apply(route(`${i}s`, `r${worker}`))).requestId);
        await sleep(100);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, worker) => change(worker)));
    done = true;
    await stealing;
    watch.stop();

    t.equal(holders.size, 2, `the lock changed hands: ${[...holders]}`);
    for (let worker = 0; worker < 8; worker++) {
      const { metadata, spec } = await stored(who.bus, `r${worker}`);
      t.equal(spec.rules[0].timeouts.request, `${CHANGES}s`);
      t.equal(metadata.generation, CHANGES, 'each change counted once');
    }
    const audited = (await auditTrail(who.bus)).filter(({ action }) => action === 'apply');
    for (const id of requests) t.equal(audited.filter(({ requestId }) => requestId === id).length, 1, id);
    t.equal(audited.length, requests.length + 1);
    t.same(watch.faults, []);
    await who.apply(route('77s', 'a-last'));
    await until(
      'the agent follows',
      () => agent.link.stats().acknowledged !== null && agent.link.stats().lastRejection === null,
    );
    await agent.link.stop();
    await who.close();
    for (const control of controls) await control.stop();
    await nats.dispose();
  },
);

t.test(
  'control killed in the middle of publications, again and again: nothing acknowledged is lost',
  SIDE_BY_SIDE,
  async (t) => {
    const nats = await startNatsServer();
    let child = spawnControl(nats, 'one');
    const agent = startAgent(nats.url, 'host', [workload('orders-1', '10.0.0.1')]);
    const who = stubbornOperator(nats.url);
    await who.apply(`${ORDERS}---${route('1s')}`);
    agent.link.demand('shop/orders');
    const timeout = () => agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs;
    await until('the route', () => timeout() === 1_000);
    const watch = watchViews(agent, 0);
    let last = 0;
    let done = false;
    const changing = (async () => {
      for (let i = 2; !done; i++) {
        const changed = Array.from({ length: 20 }, (_, n) => route(`${i}s`, n === 0 ? 'orders' : `extra-${n}`));
        await who.apply(changed.join('---'));
        last = i;
      }
    })();
    for (let kill = 0; kill < 3; kill++) {
      const before = last;
      await until('changes flow', () => last > before + 2);
      await sleep(Math.random() * 20);
      child.kill('SIGKILL');
      await ended(child);
      child = spawnControl(nats, 'one');
    }
    done = true;
    await changing;
    watch.stop();
    await until('the last acknowledged change is in force', () => timeout() === last * 1_000);
    for (let n = 1; n < 20; n++)
      t.equal((await stored(who.bus, `extra-${n}`)).spec.rules[0].timeouts.request, `${last}s`);
    t.same(watch.faults, [], 'no view stepped back');
    t.comment(`${last} changes of 20 routes`);
    await agent.link.stop();
    await who.close();
    child.kill('SIGTERM');
    await ended(child);
    await nats.dispose();
  },
);

t.test(
  'a control that was paused beyond its lock stands back, and its late writes are refused',
  SIDE_BY_SIDE,
  async (t) => {
    const nats = await startNatsServer();
    const paused = spawnControl(nats, 'paused');
    const who = stubbornOperator(nats.url);
    await who.apply(`${ORDERS}---${route('1s')}`);
    const lockOf = async () => Buffer.from((await who.bus.bucket('towpath_lock').get('leader'))?.data ?? []).toString();
    t.match(await lockOf(), /^paused /);
    paused.kill('SIGSTOP');
    const control = await startControl(nats.url, 'other');
    await until(
      'the other takes over when the lock has ended',
      async () => (await lockOf()).startsWith('other '),
      20_000,
    );
    const agent = startAgent(nats.url, 'host');
    agent.link.demand('shop/orders');
    await until('the agent has its views', () => agent.services.has('shop/orders'));
    const watch = watchViews(agent, 0);
    paused.kill('SIGCONT');
    for (let i = 2; i < 30; i++) {
      await who.apply(route(`${i}s`));
      await sleep(50);
    }
    t.match(await lockOf(), /^other /);
    await until(
      'the last is in force',
      () => agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs === 29_000,
    );
    watch.stop();
    t.same(watch.faults, []);
    t.equal((await stored(who.bus, 'orders')).metadata.generation, 29);
    await agent.link.stop();
    await who.close();
    await control.stop();
    paused.kill('SIGTERM');
    await ended(paused);
    await nats.dispose();
  },
);

t.test('of two replicas with one name only one leads', SIDE_BY_SIDE, async (t) => {
  const nats = await startNatsServer();
  const bus = await operator(nats.url);
  await bus.ensureBucket('towpath_lock', {
    history: 1,
    ttlMs: 10_000,
    republishPrefix: null,
    replicas: 1,
    maxValueBytes: 1_024,
  });
  const logger = createLogger({ name: 'lock', level: 'silent' });
  const lock = (boot: string) => new LeaderLock(bus, subjectsOf('default'), { id: 'one', boot }, logger);
  const [first, second] = [lock('a'), lock('b')];
  t.equal(await first.acquire(true), true);
  t.same([await first.isHeld(), await second.isHeld()], [true, false]);
  const lost = new Promise<void>((resolve) => void first.keep(resolve));
  t.equal(await second.acquire(true), true, 'a new run takes what an earlier one left behind');
  t.same([await first.isHeld(), await second.isHeld()], [false, true]);
  await lost;
  await first.release();
  t.equal(await second.isHeld(), true, 'the loser takes nothing with it');
  const third = lock('a');
  const waiting = third.acquire(false);
  await sleep(1_500);
  await second.release();
  t.equal(await waiting, true, 'one that has led before waits until the lock is free');
  await third.release();
  await bus.close();
  await nats.dispose();
});

t.test('a control that dies between a view and its _meta leaves no agent behind', SIDE_BY_SIDE, async (t) => {
  const nats = await startNatsServer();
  const first = await startControl(nats.url, 'one');
  const agent = startAgent(nats.url, 'host', [workload('orders-1', '10.0.0.1')]);
  const who = stubbornOperator(nats.url);
  await who.apply(`${ORDERS}---${route('1s')}`);
  agent.link.demand('shop/orders');
  const endpoints = () => agent.services.get('shop/orders')?.clusters['shop/orders:80']?.endpoints.length;
  await until('the endpoint', () => endpoints() === 1);
  await first.stop();
  // What it would have written last: a view of an epoch that it had just raised.
  const views = who.bus.bucket('towpath_view');
  const view = JSON.parse(Buffer.from((await views.get('svc.shop.orders'))?.data ?? []).toString());
  const version = { ...view.version, epoch: view.version.epoch + 1_000, gen: view.version.gen + 7 };
  await views.put('svc.shop.orders', JSON.stringify({ ...view, version }));
  const held = () => agent.link.stats().services.find(({ key }) => key === 'shop/orders')?.version?.epoch ?? 0;
  await until('the agent holds it', () => held() === version.epoch);
  const second = await startControl(nats.url, 'two');
  const { epoch } = await who.apply(route('2s'));
  t.ok(epoch > version.epoch, 'the next term is above everything in the store');
  await until('the agent follows the next term', () => held() === epoch);
  await second.stop();
  await agent.link.stop();
  await who.close();
  await nats.dispose();
});

t.test('no two controls ever have the same epoch', SIDE_BY_SIDE, async (t) => {
  const nats = await startNatsServer();
  const bus = await operator(nats.url);
  const settings = { history: 1, ttlMs: null, republishPrefix: null, replicas: 1, maxValueBytes: 65_536 };
  await bus.ensureBucket('towpath_view', settings);
  let leader = 'a';
  const rival = (name: string) => new ViewBucket(bus, subjectsOf('default'), async () => leader === name);
  const [a, b] = [rival('a'), rival('b')];
  t.equal(await a.claimEpoch(100), 100);
  leader = 'b';
  t.equal(await b.claimEpoch(100), 101, 'above that of the one before');
  await t.rejects(a.claimEpoch(200), /another control leads/);
  leader = 'a';
  const both = new ViewBucket(bus, subjectsOf('default'), async () => true);
  const claims = await Promise.allSettled([a.claimEpoch(300), both.claimEpoch(300), a.claimEpoch(300)]);
  const won = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
  t.equal(new Set(won).size, won.length, `claimed at the same time: ${won.join(', ')}`);
  t.ok(won.length > 0);
  await bus.close();
  await nats.dispose();
});
