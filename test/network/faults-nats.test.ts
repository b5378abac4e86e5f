/** NATS and control fail while clients run: traffic never notices, and changes work again when they are back. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { statusReplySchema } from '../../src/contract/messages.ts';
import { type TestLab, withLab } from './support/lab.ts';
import { assertUnharmed, requestMany, startLoad } from './support/load.ts';
import { assertSound } from './support/traffic.ts';

const CLIENTS = 16;
const AGENTS = ['cache', 'orders-v1', 'orders-v2', 'shop'];
const PLAN = { url: 'http://orders.shop/', clients: CLIENTS, pauseMs: 10 };
const pinned = (version: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: orders, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: orders }]
  rules: [{ backendRefs: [{ name: orders-${version}, port: 80 }] }]
`;

/** Waits until every agent is in step again; without that `apply --wait` would be refused. */
async function recovered(lab: TestLab): Promise<void> {
  await lab.waitFor('every agent to be in step', 20_000, async () => {
    const { exitCode, stdout } = await lab.towpath('status', '-o', 'json');
    if (exitCode !== 0) return false;
    const { agents } = statusReplySchema.parse(JSON.parse(stdout));
    return agents.length === AGENTS.length && agents.every(({ state }) => state === 'SYNCED');
  });
}

/** A change works, and does what it says. */
async function assertSteers(t: Tap, lab: TestLab, version: string): Promise<void> {
  await recovered(lab);
  await lab.apply(pinned(version));
  t.same((await requestMany(lab, 'shop', PLAN, 200)).answers, { [`orders ${version}`]: 200 });
}
type Tap = Pick<typeof t, 'equal' | 'same'>;

/** Longer than a lease of the hosts lives (8 s). */
const LEASE_AND_MORE_MS = 9_000;

t.setTimeout(240_000);

await withLab(new URL('../../lab/shop.yaml', import.meta.url).pathname, async (lab) => {
  await lab.apply(pinned('v1'));

  await t.test('NATS hangs for longer than any lease (SIGSTOP), then goes on', async (t) => {
    const load = await startLoad(lab, 'shop', PLAN);
    await lab.stop('control', 'nats', 'SIGSTOP');
    await sleep(LEASE_AND_MORE_MS);
    t.same((await requestMany(lab, 'shop', PLAN, 200)).answers, { 'orders v1': 200 });
    await lab.stop('control', 'nats', 'SIGCONT');
    await assertSteers(t, lab, 'v2');
    assertUnharmed(t, await load.stop(), CLIENTS);
  });

  await t.test('NATS is killed, an endpoint dies meanwhile, and NATS comes back', async (t) => {
    t.match(await lab.towpath('delete', 'httproute', 'orders', '-n', 'shop', '--wait'), { exitCode: 0 });
    const load = await startLoad(lab, 'shop', PLAN);
    await lab.stop('control', 'nats', 'SIGKILL');
    await lab.stop('orders-v2', 'nginx', 'SIGKILL');
    await sleep(LEASE_AND_MORE_MS);
    t.same((await requestMany(lab, 'shop', PLAN, 200)).answers, { 'orders v1': 200 });
    await lab.start('control', 'nats');
    await lab.start('orders-v2', 'nginx');
    await assertSteers(t, lab, 'v2');
    assertUnharmed(t, await load.stop(), CLIENTS);
  });

  await t.test('control is killed and started again', async (t) => {
    const load = await startLoad(lab, 'shop', PLAN);
    await lab.stop('control', 'control', 'SIGKILL');
    const refused = await lab.towpath('apply', '-f', '/dev/null');
    t.equal(refused.exitCode, 1);
    await sleep(LEASE_AND_MORE_MS);
    await lab.start('control', 'control');
    await assertSteers(t, lab, 'v1');
    assertUnharmed(t, await load.stop(), CLIENTS);
  });

  await t.test('an agent that starts while NATS is dead serves what it served before', async (t) => {
    await lab.stop('control', 'nats', 'SIGKILL');
    await lab.stop('shop', 'agent', 'SIGTERM');
    await lab.start('shop', 'agent');
    t.same((await requestMany(lab, 'shop', PLAN, 200)).answers, { 'orders v1': 200 });
    t.equal(await lab.counter('shop', 'towpath_requests_total', { side: 'outbound', service: 'shop/orders' }), 200);
    await lab.start('control', 'nats');
    await assertSteers(t, lab, 'v2');
  });

  await t.test('the agents are sound at the end', async (t) => assertSound(t, lab, AGENTS));
});
