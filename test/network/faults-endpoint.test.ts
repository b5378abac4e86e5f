/** Endpoints that die and come back while clients run. */
import t from 'tap';
import { startWatch } from '../helpers/stopwatch.ts';
import { withLab } from './support/lab.ts';
import { assertUnharmed, requestMany, startLoad } from './support/load.ts';
import { assertSound } from './support/traffic.ts';

const CLIENTS = 32;
const PLAN = { url: 'http://orders.shop/', clients: CLIENTS, pauseMs: 10 };

t.setTimeout(120_000);

await withLab(new URL('../../lab/shop.yaml', import.meta.url).pathname, async (lab) => {
  const generation = (): Promise<number> => lab.counter('shop', 'towpath_view_generation', { service: 'shop/orders' });
  const reached = (host: string): Promise<number> =>
    lab.counter(host, 'towpath_connections_opened_total', { side: 'inbound' });

  await t.test(
    'nginx of one version is killed under load: no GET fails, its probe withdraws it, and it comes back',
    async (t) => {
      const watch = startWatch();
      const load = await startLoad(lab, 'shop', PLAN);
      const before = await generation();
      const connections = await reached('orders-v1');
      await lab.stop('orders-v2', 'nginx', 'SIGKILL');
      await lab.waitFor('the dead endpoint to be withdrawn', 20_000, async () => (await generation()) > before);
      const refused = await reached('orders-v2');
      const only = await requestMany(lab, 'shop', PLAN, 500);
      t.same(only.answers, { 'orders v1': 500 });
      t.equal(await reached('orders-v2'), refused, 'the dead version is not even tried any more');
      const grown = (await reached('orders-v1')) - connections;
      t.ok(grown <= 2 * CLIENTS, `${grown} new connections to the other one: its pool was used`);
      await lab.start('orders-v2', 'nginx');
      await lab.waitFor('v2 to answer again', 20_000, async () => {
        const { answers } = await requestMany(lab, 'shop', { ...PLAN, clients: 4, pauseMs: 0 }, 40);
        return (answers['orders v2'] ?? 0) > 0;
      });
      const report = await load.stop();
      assertUnharmed(t, report, CLIENTS);
      t.ok(report.slowestMs < 2000 + watch.busyMs(), `the slowest took ${report.slowestMs} ms`);
    },
  );

  await t.test('the agents are sound at the end', async (t) =>
    assertSound(t, lab, ['shop', 'orders-v1', 'orders-v2', 'cache']),
  );
});
