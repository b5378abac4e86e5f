/** Endpoints that die and come back while clients run. */
import t from 'tap';
import { withLab } from './support/lab.ts';
import { assertUnharmed, requestMany, startLoad } from './support/load.ts';
import { assertSound } from './support/traffic.ts';

const CLIENTS = 32;
const PLAN = { url: 'http://orders.shop/', clients: CLIENTS, pauseMs: 10 };

t.setTimeout(120_000);

await withLab(new URL('../../lab/shop.yaml', import.meta.url).pathname, async (lab) => {
  const endpoints = async (): Promise<number> => {
    const { stdout } = await lab.exec('shop', ['curl', '-sf', 'http://127.0.0.1:15000/dump']);
    return new Set(stdout.match(/"10\.77\.0\.[45]:80"/g)).size;
  };

  await t.test(
    'nginx of one version is killed under load: no GET fails, its probe withdraws it, and it comes back',
    async (t) => {
      const load = await startLoad(lab, 'shop', PLAN);
      await lab.waitFor(
        'load',
        5000,
        async () => (await lab.counter('orders-v2', 'towpath_requests_total', { side: 'inbound' })) > 500,
      );
      await lab.stop('orders-v2', 'nginx', 'SIGKILL');
      await lab.waitFor(
        'the workload to be unhealthy',
        5000,
        async () => (await lab.counter('orders-v2', 'towpath_workload_healthy')) === 0,
      );
      t.comment(await lab.run('shop', ['curl', '-sf', 'http://127.0.0.1:15000/dump']));
      await endpoints();
      const only = await requestMany(lab, 'shop', PLAN, 500);
      t.same(only.answers, { 'orders v1': 500 }, 'the dead version gets nothing');
      await lab.start('orders-v2', 'nginx');
      await lab.waitFor('v2 to answer again', 5000, async () => {
        const { answers } = await requestMany(lab, 'shop', { ...PLAN, clients: 4, pauseMs: 0 }, 40);
        return (answers['orders v2'] ?? 0) > 0;
      });
      const report = await load.stop();
      assertUnharmed(t, report, CLIENTS);
      t.ok(report.slowestMs < 2000, `the slowest took ${report.slowestMs} ms`);
    },
  );

  await t.test('the agents are sound at the end', async (t) =>
    assertSound(t, lab, ['shop', 'orders-v1', 'orders-v2', 'cache']),
  );
});
