import t, { type Test } from 'tap';
import { tapRecordSchema } from '../../src/contract/tap-messages.ts';
import { type TestLab, withLab } from './support/lab.ts';

const shipped = (name: string): string => new URL(`../../lab/${name}`, import.meta.url).pathname;

t.setTimeout(120_000);

/** What is tapped at both sides of a call is what was sent, each once. */
async function tapOrders(t: Test, lab: TestLab): Promise<void> {
  const tap = lab.spawn('control', [
    'towpath',
    'tap',
    '--status',
    '2xx',
    '--path',
    '/tap',
    '--limit',
    '40',
    '-o',
    'json',
  ]);
  await lab.waitFor('all agents to tell', 20_000, async () => /^4 agents tell what passes/m.test(tap.stderr));
  await lab.run('shop', ['curl', '-s', 'http://orders.shop/other?[1-5]', 'http://orders.shop/tap?[1-20]']);
  const { exitCode, stdout, stderr } = await tap.within(20_000);
  t.equal(exitCode, 0, stderr);
  const records = stdout
    .trim()
    .split('\n')
    .map((line) => tapRecordSchema.parse(JSON.parse(line)));
  for (const direction of ['outbound', 'inbound']) {
    const targets = records.filter((record) => record.direction === direction).map(({ target }) => target);
    t.same(targets.sort(), Array.from({ length: 20 }, (_, i) => `/tap?${i + 1}`).sort(), direction);
  }
  t.same(new Set(records.map(({ host }) => host)), new Set(['shop', 'orders-v1', 'orders-v2']));
  t.match(stderr, /\n40 shown\n$/);
}

await withLab(shipped('shop.yaml'), async (lab) => {
  await t.test('the shipped shop works by service names, and every agent counts exactly what passed it', async (t) => {
    const counters = async (): Promise<number[]> => [
      await lab.counter('shop', 'towpath_requests_total', { side: 'outbound', service: 'shop/orders', code: 200 }),
      await lab.counter('orders-v1', 'towpath_requests_total', { side: 'inbound', code: 200 }),
      await lab.counter('orders-v2', 'towpath_requests_total', { side: 'inbound', code: 200 }),
      await lab.counter('shop', 'towpath_verdicts_total', { side: 'outbound', verdict: 'opaque' }),
      await lab.counter('cache', 'towpath_connections_opened_total', { side: 'inbound' }),
    ];
    t.same(await counters(), [0, 0, 0, 0, 0], 'nobody has called anybody');
    const answers = (await lab.run('shop', ['curl', '-s', '-4', 'http://orders.shop/?[1-10]'])).trim().split('\n');
    const byVersion = ['orders v1', 'orders v2'].map((version) => answers.filter((line) => line === version).length);
    t.same(await counters(), [10, ...byVersion, 0, 0]);
    t.match(await lab.run('shop', ['curl', '-s', '-6', 'http://orders.shop/']), /^orders v[12]\n$/);
    t.equal(await lab.run('shop', ['redis-cli', '-h', 'cache.shop', 'ping']), 'PONG\n');
    const [outbound, v1 = 0, v2 = 0, opaque, cache] = await counters();
    t.same([outbound, v1 + v2, opaque, cache], [11, 11, 1, 1]);
    t.match(await lab.towpath('status'), { exitCode: 0 });
    await tapOrders(t, lab);
  });

  await t.test('a route that is applied is in force when apply returns, and new services get names', async (t) => {
    await lab.apply(`
apiVersion: v1
kind: Service
metadata: { name: everything, namespace: shop }
spec: { selector: { app: orders }, ports: [{ name: http, port: 80, appProtocol: http }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: everything, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: everything }]
  rules: [{ backendRefs: [{ name: orders-v2, port: 80 }] }]
`);
    const answers = await lab.run('shop', ['curl', '-s', 'http://everything.shop/?[1-20]']);
    t.equal(answers, 'orders v2\n'.repeat(20));
    t.equal(await lab.counter('shop', 'towpath_requests_total', { side: 'outbound', service: 'shop/everything' }), 20);
  });

  await t.test('a program that dies is withdrawn by its agent, and comes back with it', async (t) => {
    const healthy = async (): Promise<number> =>
      lab.counter('orders-v2', 'towpath_workload_healthy', { workload: 'shop/orders-v2' });
    t.equal(await healthy(), 1);
    await lab.stop('orders-v2', 'nginx', 'SIGKILL');
    await lab.waitFor('the probe to fail', 20_000, async () => (await healthy()) === 0);
    await lab.waitFor('the shop to call v1 alone', 20_000, async () => {
      const answers = await lab.run('shop', ['curl', '-s', 'http://orders.shop/?[1-30]']);
      return answers === 'orders v1\n'.repeat(30);
    });
    await lab.start('orders-v2', 'nginx');
    await lab.waitFor('the shop to call v2 again', 20_000, async () => {
      const answers = await lab.run('shop', ['curl', '-s', 'http://orders.shop/?[1-30]']);
      return answers.includes('orders v2');
    });
    t.equal(await healthy(), 1);
  });
});

await t.test('the shipped IPv6-only pair works without any IPv4 address', async (t) => {
  await withLab(shipped('ipv6.yaml'), async (lab) => {
    t.equal(
      await lab.run('client', ['curl', '-s', 'http://web.six/']),
      `hello over ${lab.address('server', 'ipv6')}\n`,
    );
    t.equal(
      await lab.counter('client', 'towpath_requests_total', { side: 'outbound', service: 'six/web', code: 200 }),
      1,
    );
    t.equal(await lab.counter('server', 'towpath_requests_total', { side: 'inbound', code: 200 }), 1);
  });
});
