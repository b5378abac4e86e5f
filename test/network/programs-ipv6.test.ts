/** The shipped pair of hosts that have no IPv4 address: programs of every kind, from the client to the server. */
import t from 'tap';
import { startWatch } from '../helpers/stopwatch.ts';
import { withLab } from './support/lab.ts';
import { assertUnharmed, requestMany } from './support/load.ts';
import { assertSound, connections, countsExactly, type SideTraffic } from './support/traffic.ts';

const both = (traffic: SideTraffic): Record<'client outbound' | 'server inbound', SideTraffic> => ({
  'client outbound': traffic,
  'server inbound': traffic,
});

const PLAIN = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: six }
spec: { mtls: { mode: DISABLE } }
`;

t.setTimeout(120_000);

await withLab(new URL('../../lab/ipv6.yaml', import.meta.url).pathname, async (lab) => {
  const server = lab.address('server', 'ipv6');
  // Mutual TLS begins by itself some time after the start; here bytes are counted as they are on the wire.
  await lab.apply(PLAIN);

  await t.test('the hosts have no IPv4 address, and no IPv4 rule is needed', async (t) => {
    for (const host of ['client', 'server']) t.equal(await lab.shell(host, 'ip -4 -o address show dev eth0'), '');
  });

  await t.test('curl by service name and by address', async (t) => {
    const requests = { 200: 20 };
    const expected = {
      'client outbound': {
        ...connections(2, 'http1'),
        verdicts: { 'http1 declared': 1, 'http1 client-bytes': 1 },
        requests,
      },
      'server inbound': { opened: 1, closed: {}, verdicts: { 'http1 client-bytes': 1 }, requests },
    };
    await countsExactly(t, lab, expected, async () => {
      const answer = `hello over ${server}\n`;
      t.equal(await lab.run('client', ['curl', '-sf', 'http://web.six/?[1-10]']), answer.repeat(10));
      t.equal(await lab.run('client', ['curl', '-sf', `http://[${server}]/?[1-10]`]), answer.repeat(10));
    });
  });

  await t.test('a banner-first server, 20 MB, and half-close, over socat and nc', async (t) => {
    lab.spawn('server', ['socat', '-t', '5', 'TCP6-LISTEN:9001,fork,reuseaddr', 'SYSTEM:echo welcome; sha256sum']);
    await lab.waitFor('socat listens', 20_000, async () => (await lab.shell('server', 'ss -Htln')).includes(':9001'));
    await countsExactly(t, lab, both(connections(2, 'opaque', 'server-first')), async () => {
      for (let i = 0; i < 2; i++) {
        const script = `head -c 20000000 /dev/urandom > noise; (sleep 0.3; cat noise) | nc -N ${server} 9001; sha256sum < noise; rm noise`;
        const [banner, received, sent] = (await lab.shell('client', `cd $(mktemp -d); ${script}; rmdir $PWD`))
          .trim()
          .split('\n');
        t.equal(banner, 'welcome');
        t.equal(received, sent);
      }
    });
  });

  await t.test('a refused port stays refused', async (t) => {
    const watch = startWatch();
    t.equal((await lab.exec('client', ['curl', '-s', `http://[${server}]:9/`])).exitCode, 56);
    t.ok(watch.quietMs() < 1000);
  });

  await t.test('32 clients at once', async (t) => {
    const plan = { url: 'http://web.six/', clients: 32, pauseMs: 5 };
    const report = await requestMany(lab, 'client', plan, 5000);
    t.same(report.answers, { [`hello over ${server}`]: 5000 });
    assertUnharmed(t, report, 32);
  });

  await t.test('both agents are sound at the end', async (t) => assertSound(t, lab, ['client', 'server']));
});
