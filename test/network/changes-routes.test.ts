/** Routes that change while clients run: no request fails, no connection is lost, and every agent ends at the last change. */
import t from 'tap';
import { statusReplySchema } from '../../src/contract/messages.ts';
import { type TestLab, withLab } from './support/lab.ts';
import { assertUnharmed, requestMany, startLoad } from './support/load.ts';
import { assertSound } from './support/traffic.ts';

const CHANGES = 1_000;
const CLIENTS = 32;
const AGENTS = ['cache', 'orders-v1', 'orders-v2', 'shop'];
const PLAN = { url: 'http://orders.shop/', clients: CLIENTS, pauseMs: 10 };
const PROGRAM = new URL('support/programs/change-route.ts', import.meta.url).pathname;

/** An HTTPRoute of the service orders. */
const route = (rules: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: orders, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: orders }]
  rules: ${rules}
`;
const split = (v1: number, v2: number): string =>
  `[{ backendRefs: [{ name: orders-v1, port: 80, weight: ${v1} }, { name: orders-v2, port: 80, weight: ${v2} }] }]`;

type Tap = Pick<typeof t, 'equal' | 'same'>;

async function change(lab: TestLab, template: string, changes: number, waitEvery: number) {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM];
  const words = ['nats://127.0.0.1:4222', String(changes), String(waitEvery)];
  return JSON.parse(await lab.run('control', [...node, ...words], template));
}

/** Every agent runs the newest generation, as `towpath status` says on any host. */
async function assertInStep(t: Tap, lab: TestLab): Promise<void> {
  const outcome = await lab.exec('shop', ['towpath', 'status', '-o', 'json']);
  t.equal(outcome.exitCode, 0, outcome.stderr);
  const status = statusReplySchema.parse(JSON.parse(outcome.stdout));
  t.same(
    status.agents.map(({ host, state, gen }) => [host, state, gen]).sort(),
    AGENTS.map((host) => [host, 'SYNCED', status.gen]),
  );
}

t.setTimeout(180_000);

await withLab(new URL('../../lab/shop.yaml', import.meta.url).pathname, async (lab) => {
  await t.test('a 90/10 canary applied live shifts the load without losing a request', async (t) => {
    const load = await startLoad(lab, 'shop', PLAN);
    await lab.apply(route(split(100, 0)));
    t.same((await requestMany(lab, 'shop', PLAN, 500)).answers, { 'orders v1': 500 }, 'from the moment apply returns');
    await lab.apply(route(split(90, 10)));
    const { answers } = await requestMany(lab, 'shop', { ...PLAN, pauseMs: 0 }, 4000);
    const canary = answers['orders v2'] ?? 0;
    // Binomial(4000, 0.1): mean 400, standard deviation 19; five of them are exceeded once in 1.7 million runs.
    t.ok(canary > 305 && canary < 495, `${canary} of 4000 requests`);
    assertUnharmed(t, await load.stop(), CLIENTS);
  });

  await t.test('a header chooses the version; everybody else stays', async (t) => {
    await lab.apply(
      route(`
    - matches: [{ headers: [{ name: X-Group, value: beta }] }]
      filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X-Variant, value: b }] } }]
      backendRefs: [{ name: orders-v2, port: 80 }]
    - backendRefs: [{ name: orders-v1, port: 80 }]`),
    );
    t.same((await requestMany(lab, 'shop', PLAN, 200, 'x-group:beta')).answers, { 'orders v2': 200 });
    t.same((await requestMany(lab, 'shop', PLAN, 200, 'x-group:Beta')).answers, { 'orders v1': 200 }, 'case counts');
    t.same((await requestMany(lab, 'shop', PLAN, 200)).answers, { 'orders v1': 200 });
  });

  await t.test(`${CHANGES} changes, as fast as they are admitted, while ${CLIENTS} clients run`, async (t) => {
    const load = await startLoad(lab, 'shop', PLAN);
    const template = route(`
    - name: change-@N@
      matches: [{ path: { type: PathPrefix, value: /change-@N@ } }]
      backendRefs: [{ name: orders-v2, port: 80 }]
    - name: main-@N@
      timeouts: { request: 20s }
      backendRefs: [{ name: orders-v1, port: 80, weight: @N@ }, { name: orders-v2, port: 80, weight: 1 }]`);
    const progress = await change(lab, template, CHANGES, CHANGES);
    t.match(progress, { total: AGENTS.length, acknowledged: AGENTS.length, missing: [], rejected: [] });
    t.comment(`admitted in ${progress.admittedMs} ms, acknowledged ${progress.waitedMs} ms later`);
    await assertInStep(t, lab);
    t.equal(await lab.run('shop', ['curl', '-s', `http://orders.shop/change-${CHANGES}`]), 'orders v2\n');
    const report = await load.stop();
    assertUnharmed(t, report, CLIENTS);
    t.comment(`${report.requests} requests, the slowest took ${report.slowestMs} ms`);
    // The agent's own words for the same: nothing it saw failed or was reset.
    const metrics = await lab.metrics('shop');
    const all = metrics.value('towpath_requests_total', { side: 'outbound' });
    t.equal(metrics.value('towpath_requests_total', { side: 'outbound', code: 200, flags: '' }), all);
    t.equal(metrics.value('towpath_connections_closed_total', { ending: 'reset' }), 0);
  });

  await t.test('50 changes, each acknowledged by every agent before the next', async (t) => {
    const load = await startLoad(lab, 'shop', PLAN);
    const progress = await change(lab, route(split(1, 1)).replace('weight: 1', 'weight: @N@'), 50, 1);
    t.match(progress, { acknowledged: AGENTS.length, missing: [] });
    t.comment(`${Math.round(progress.admittedMs / 50)} ms each`);
    assertUnharmed(t, await load.stop(), CLIENTS);
  });

  await t.test('without its route the service is balanced over both versions again', async (t) => {
    t.match(await lab.towpath('delete', 'httproute', 'orders', '-n', 'shop', '--wait'), { exitCode: 0 });
    const { answers } = await requestMany(lab, 'shop', PLAN, 1000);
    t.equal((answers['orders v1'] ?? 0) + (answers['orders v2'] ?? 0), 1000);
    t.ok(Math.abs((answers['orders v1'] ?? 0) - 500) < 150, JSON.stringify(answers));
    await assertInStep(t, lab);
  });

  await t.test('the agents are sound at the end', async (t) => assertSound(t, lab, AGENTS));
});
