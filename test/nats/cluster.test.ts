import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { stubbornOperator } from './support/changes.ts';
import { ORDERS, route, startAgent, startControl, until, watchViews, workload } from './support/mesh.ts';
import { startNatsCluster } from './support/nats-cluster.ts';

/** Long enough to be renewed while a leader is elected would be 10 s and more: that none ends is what is tested. */
const LEASE_MS = 2_000;

const cluster = await startNatsCluster();
const everywhere = cluster.urls.join(',');
const controls = [await startControl(everywhere, 'one', LEASE_MS), await startControl(everywhere, 'two', LEASE_MS)];
const operator = stubbornOperator(everywhere);
const agents = ['a', 'b', 'c'].map((host, i) =>
  startAgent(everywhere, host, [workload(`orders-${i}`, `10.0.0.${i + 1}`)]),
);
t.teardown(async () => {
  await Promise.all(agents.map((agent) => agent.link.stop()));
  await operator.close();
  await Promise.all(controls.map((control) => control.stop()));
  await cluster.dispose();
});

await operator.apply(`${ORDERS}---${route('1s')}`);
for (const agent of agents) agent.link.demand('shop/orders');
const endpoints = (agent: (typeof agents)[number]) =>
  agent.services.get('shop/orders')?.clusters['shop/orders:80']?.endpoints.length;
await until('everybody serves', () => agents.every((agent) => endpoints(agent) === 3));
const timeoutOf = (agent: (typeof agents)[number]) =>
  agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs;

const leaderOf = async (stream: string): Promise<number> => {
  for (;;) {
    const found = await cluster.leaderOf(stream);
    if (found !== null) return found;
    await sleep(100);
  }
};

t.test('buckets of a cluster have three copies without being asked for', async (t) => {
  for (const name of ['KV_towpath_config', 'KV_towpath_view', 'KV_towpath_lock', 'TOWPATH_AUDIT']) {
    const info = JSON.parse((await operator.bus.request(`$JS.API.STREAM.INFO.${name}`, '', 10_000)).text());
    t.equal(info.config.num_replicas, 3, name);
  }
});

for (const stream of ['KV_towpath_view', 'KV_towpath_lease'] as const) {
  t.test(`the node that leads ${stream} is killed under a stream of changes`, async (t) => {
    const watches = agents.map((agent) => watchViews(agent, 3));
    let last = '';
    let changes = 0;
    let done = false;
    const changing = (async () => {
      while (!done) {
        last = `${100 + ++changes}s`;
        await operator.apply(route(last));
        await sleep(20);
      }
    })();
    await sleep(300);
    const victim = await leaderOf(stream);
    await cluster.kill(victim);
    await until('another node to lead it', async () => (await leaderOf(stream)) !== victim, 60_000);
    const before = changes;
    await until('changes go on', () => changes > before + 5);
    done = true;
    await changing;
    const wanted = Number.parseInt(last, 10) * 1_000;
    await until('every agent runs the last one', () => agents.every((agent) => timeoutOf(agent) === wanted));
    await cluster.restart(victim);
    await sleep(LEASE_MS);
    for (const watch of watches) watch.stop();
    t.same(
      watches.map(({ faults }) => faults),
      [[], [], []],
      'no view stepped back and no endpoint was taken out',
    );
    t.comment(`${changes} changes`);
  });
}

t.test('a node that retires is left before it stops', async (t) => {
  await until('all are connected', () => agents.every((agent) => agent.link.stats().connected));
  const [agent] = agents;
  const node = cluster.urls.findIndex((url) => agent?.link.stats().server?.includes(url.slice('nats://'.length)));
  t.not(node, -1);
  cluster.retire(node);
  const moved = (one: (typeof agents)[number]) => {
    const { connected, server } = one.link.stats();
    return connected && server !== null && !server.includes(cluster.urls[node]?.slice('nats://'.length) ?? '');
  };
  await until('every agent has moved', () => agents.every(moved));
  t.ok(cluster.isRunning(node), 'and the node still runs');
  await operator.apply(route('7s'));
  await until('changes arrive', () => agents.every((one) => timeoutOf(one) === 7_000));
  await cluster.restart(node);
});
