/** Certificates of ten seconds under load: leaves and the root are exchanged and nobody notices. */
import t from 'tap';
import { harm, prepare, renewals, rotateRoot, shortLived, startTraffic } from './support/certificates.ts';
import { withLab } from './support/lab.ts';

const LIFETIME_S = 10;

t.setTimeout(180_000);

await withLab(shortLived(LIFETIME_S), async (lab) => {
  await prepare(lab);

  await t.test('leaves and the root rotate: no request fails, no connection ends', async (t) => {
    const before = await renewals(lab);
    const traffic = await startTraffic(lab);
    await rotateRoot(lab, LIFETIME_S);
    const reports = await traffic.stop();
    const after = await renewals(lab);
    t.same(harm(reports), []);
    t.ok(reports.requests.requests > 100 && reports.pings.fresh > 50, 'there was traffic');
    for (const [i, count] of after.entries()) t.ok(count - (before[i] ?? 0) >= 2, `${count} certificates`);
    const arrived = await lab.metrics('server');
    const accepted = (security: string): number =>
      arrived.value('towpath_inbound_mtls_total', { result: 'accepted', connection_security_policy: security });
    t.ok(accepted('mutual_tls') >= reports.pings.connections, 'all of it under mutual TLS');
    t.equal(accepted('none') + accepted('tls'), 0);
  });
});
