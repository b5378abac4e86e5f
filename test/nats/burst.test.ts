import t from 'tap';
import { progressSchema } from '../../src/contract/messages.ts';
import { startWatch } from '../helpers/stopwatch.ts';
import { ORDERS, operator, route, startAgent, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const AGENTS = 8;
const CHANGES = 1_000;
const nats = await startNatsServer();
const control = await startControl(nats.url);
const bus = await operator(nats.url);
const agents = Array.from({ length: AGENTS }, (_, i) => startAgent(nats.url, `host-${i}`));
t.teardown(async () => {
  await Promise.all(agents.map((agent) => agent.link.stop()));
  await control.stop();
  await bus.close();
  await nats.dispose();
});
const apply = async (text: string): Promise<{ epoch: number; gen: number }> => {
  const reply = await bus.request('towpath.v1.default.control.resource.apply', text, 30_000);
  if (reply.header('Nats-Service-Error') !== '') throw new Error(reply.header('Nats-Service-Error'));
  return JSON.parse(reply.text());
};
const wait = async ({ epoch, gen }: { epoch: number; gen: number }) =>
  progressSchema.parse(
    JSON.parse(
      (
        await bus.request(
          'towpath.v1.default.control.change.wait',
          JSON.stringify({ epoch, gen, timeoutMs: 5_000 }),
          10_000,
        )
      ).text(),
    ),
  );
const timeouts = (): Set<number | null | undefined> =>
  new Set(agents.map((agent) => agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs));

await until('control answers', () =>
  apply(`${ORDERS}---${route('1s')}`).then(
    () => true,
    () => false,
  ),
);
for (const agent of agents) agent.link.demand('shop/orders');
await until('every agent is in step', async () => timeouts().has(1_000) && timeouts().size === 1);
await until('every agent is live', async () => (await wait({ epoch: 0, gen: 0 })).total === AGENTS);

t.test(`${CHANGES} changes in a row are all admitted, and the last is acknowledged by every agent`, async (t) => {
  const started = performance.now();
  let last = { epoch: 0, gen: 0 };
  for (let i = 1; i <= CHANGES; i++) last = await apply(route(`${i}s`));
  const sent = performance.now();
  const watch = startWatch();
  const progress = await wait(last);
  const [waited, quiet] = [watch.ms(), watch.quietMs()];
  t.match(progress, { total: AGENTS, acknowledged: AGENTS, missing: [], rejected: [] });
  t.same(timeouts(), new Set([CHANGES * 1_000]));
  t.ok(quiet < 2_000, 'the last one is acknowledged soon after');
  t.comment(`${CHANGES} changes in ${Math.round(sent - started)} ms, acknowledged ${Math.round(waited)} ms later`);
});

t.test(`${CHANGES} changes at once are all admitted and cost few publications`, async (t) => {
  const started = performance.now();
  const replies = await Promise.all(
    Array.from({ length: CHANGES }, (_, i) => apply(route(`${i + 1}s`, `route-${i % 100}`))),
  );
  const last = replies.reduce((a, b) => (b.gen > a.gen ? b : a));
  const progress = await wait(last);
  t.match(progress, { total: AGENTS, acknowledged: AGENTS, missing: [] });
  t.comment(`acknowledged after ${Math.round(performance.now() - started)} ms`);
});

t.test('apply and wait for every agent: milliseconds', async (t) => {
  const times: number[] = [];
  for (let i = 1; i <= 200; i++) {
    const watch = startWatch();
    const progress = await wait(await apply(route(`${i}s`)));
    times.push(watch.quietMs());
    if (progress.acknowledged !== AGENTS) t.match(progress, { acknowledged: AGENTS });
  }
  times.sort((a, b) => a - b);
  const [p50 = 0, p99 = 0] = [times[100], times[197]];
  t.comment(`p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms with ${AGENTS} agents`);
  t.ok(p50 < 250 && p99 < 1_000);
});
