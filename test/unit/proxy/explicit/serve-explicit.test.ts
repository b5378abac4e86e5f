/** The listener of the explicit mode over real sockets. */
import t from 'tap';
import { check, declare, echo, explicitRig, tell, view } from './support/explicit-rig.ts';

t.test(
  'a service is found by each of its names, its virtual IP and an endpoint, in both forms of the target',
  async (t) => {
    const rig = explicitRig([]);
    const [one, two] = [await echo(rig, 'one'), await echo(rig, 'two')];
    declare(rig, [
      view('shop', 'orders', { 8080: ['auto', one.port] }),
      { ...view('shop', 'users', { 80: ['auto', two.port], 81: ['auto', one.port] }), virtualIps: ['240.240.0.2'] },
    ]);
    const client = await rig.client();
    const ask = async (target: string, host: string): Promise<string> =>
      (await tell(rig, client, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).slice(-3);
    const names = [
      'orders',
      'ORDERS.shop',
      'orders.shop.svc',
      'orders.shop.svc.cluster.local',
      'orders.shop.svc.cluster.local.',
      '240.240.0.1',
      `127.0.0.1:${one.port}`,
      `[::ffff:127.0.0.1]:${one.port}`,
    ];
    for (const name of names) {
      t.equal(await ask('/', name), 'one', `Host: ${name}`);
      t.equal(await ask(`http://${name}/x`, 'users'), 'one', `http://${name}/x counts, not Host`);
    }
    for (const name of ['orders:8080', '240.240.0.1:8080', 'users:81', 'orders:15080'])
      t.equal(await ask('/', name), 'one', name);
    for (const name of ['users', 'users.shop:80', '240.240.0.2']) t.equal(await ask('/', name), 'two', name);
    t.match(one.heard[0], /^GET \/ HTTP\/1.1\r\nHost: orders\r\nx-request-id: [0-9a-f]{24}\r\n\r\n$/);
    t.match(one.heard[1], /^GET \/x HTTP\/1.1\r\nHost: orders\r\n/);
    client.socket.destroy();
    await rig.until(() => rig.closed.length === 1, 'the record');
    t.equal(
      rig.count('towpath_requests_total', { side: 'outbound', service: 'shop/orders', code: '200', flags: '' }),
      2 * names.length + 3,
    );
    t.equal(rig.count('towpath_requests_total', { service: 'shop/users' }), 4);
    t.equal(rig.count('towpath_verdicts_total', { verdict: 'http1', reason: 'explicit' }), 1);
    await check(t, rig);
  },
);

t.test('bytes that are no HTTP get a 400, and a client that says nothing is let go', async (t) => {
  const rig = explicitRig([]);
  const client = await rig.client();
  t.match(await tell(rig, client, '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00'), /^HTTP\/1.1 400 /);
  const silent = await rig.client();
  silent.socket.end();
  await rig.until(() => rig.closed.length === 2, 'both records');
  t.equal(rig.closed[1].ending, 'closed');
  await check(t, rig);
});
