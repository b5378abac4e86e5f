/** Certificates of sixteen seconds under load: leaves and root are exchanged and nobody notices; past their end nothing passes, and it is said why. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import {
  ask,
  harm,
  prepare,
  renewals,
  rotateRoot,
  secondsLeft,
  shortLived,
  startTraffic,
} from './support/certificates.ts';
import { withLab } from './support/lab.ts';

const LIFETIME_S = 16;

t.setTimeout(180_000);

await withLab(shortLived(LIFETIME_S), async (lab) => {
  await prepare(lab);
  const client = 'spiffe://towpath.internal/ns/default/sa/default';
  const server = 'spiffe://towpath.internal/ns/test/sa/default';

  await t.test('leaves and the root rotate: no request fails, no connection ends', async (t) => {
    const before = await renewals(lab);
    const traffic = await startTraffic(lab);
    await rotateRoot(lab, LIFETIME_S);
    const twice = (counts: readonly number[]): boolean => counts.every((count, i) => count - (before[i] ?? 0) >= 2);
    await lab.waitFor('two new certificates each', 60_000, async () => twice(await renewals(lab)));
    const reports = await traffic.stop();
    const after = await renewals(lab);
    t.same(harm(reports), []);
    t.ok(reports.requests.requests > 100 && reports.pings.fresh > 50, 'there was traffic');
    t.ok(twice(after), `${after} certificates`);
    const arrived = await lab.metrics('server');
    const accepted = (security: string): number =>
      arrived.value('towpath_inbound_mtls_total', { result: 'accepted', connection_security_policy: security });
    t.ok(accepted('mutual_tls') >= reports.pings.connections, 'all of it under mutual TLS');
    t.equal(accepted('none') + accepted('tls'), 0);
  });

  await t.test(
    'control is away for longer than half a life: nothing happens; past its end a certificate is refused by name',
    async (t) => {
      const traffic = await startTraffic(lab);
      await lab.waitFor('certificates that are new', 60_000, async () => {
        const left = await Promise.all([secondsLeft(lab, 'client'), secondsLeft(lab, 'server')]);
        return Math.min(...left) > LIFETIME_S * 0.75;
      });
      await lab.stop('control', 'control', 'SIGKILL');
      await sleep(LIFETIME_S * 530);
      t.same(harm(await traffic.stop()), []);
      // At first it may be that of the other end alone, which then names it in its own log.
      const named = new RegExp(`^503 .*certificate.*(${client}|${server})`);
      await lab.waitFor('the end, by name', 30_000, async () => named.test(await ask(lab)));
      t.match(await ask(lab), named);
      await lab.start('control', 'control');
      await lab.waitFor('new certificates', 30_000, async () => (await ask(lab)).startsWith('200 ok'));
    },
  );
});
