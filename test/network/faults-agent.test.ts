/** An agent that is killed: the kernel stops redirecting by itself, and a new agent takes over again. */
import t from 'tap';
import { startWatch } from '../helpers/stopwatch.ts';
import { type TestLab, withLab } from './support/lab.ts';
import { nginx, pairServices, pairTopology } from './support/pair.ts';
import { connections, countsExactly, NOTHING } from './support/traffic.ts';

/** The lease is refreshed every second and ends after five. */
const LEASE_LIMIT_MS = 6_000;
const PORTS = { web: 80 };
const WEB = nginx('server { listen 80; listen [::]:80; location / { return 200 "hello from $remote_addr\\n"; } }', 80);

async function get(lab: TestLab, url: string): Promise<string> {
  return (await lab.exec('client', ['curl', '-s', '-m', '2', url])).stdout;
}

/** ms of an idle machine until the address answers without an agent on either end of the program's own connection. */
async function untilAnswered(lab: TestLab, url: string, by: string): Promise<number> {
  const watch = startWatch();
  await lab.waitFor(`${url} to be answered directly`, 30_000, async () => (await get(lab, url)) === by);
  return watch.quietMs();
}

const chains = (lab: TestLab, host: string): Promise<string> =>
  lab.shell(host, 'iptables-save -t nat; ip6tables-save -t nat; ipset list -n');

t.setTimeout(120_000);

await withLab(pairTopology([WEB], PORTS), async (lab) => {
  await lab.apply(pairServices(PORTS));
  const server4 = `http://${lab.address('server', 'ipv4')}/`;
  const server6 = `http://[${lab.address('server', 'ipv6')}]/`;
  /** What nginx sees: the server's own address when its agent is between, else the client's. */
  const [proxied, direct4, direct6] = [
    `hello from ${lab.address('server', 'ipv4')}\n`,
    `hello from ${lab.address('client', 'ipv4')}\n`,
    `hello from ${lab.address('client', 'ipv6')}\n`,
  ];

  await t.test('both agents are killed with SIGKILL: programs talk directly within six seconds', async (t) => {
    t.equal(await get(lab, server4), proxied);
    const watch = startWatch();
    await Promise.all([lab.stop('client', 'agent', 'SIGKILL'), lab.stop('server', 'agent', 'SIGKILL')]);
    const [ms4, ms6] = await Promise.all([untilAnswered(lab, server4, direct4), untilAnswered(lab, server6, direct6)]);
    t.comment(`IPv4 after ${Math.round(ms4)} ms, IPv6 after ${Math.round(ms6)} ms`);
    t.ok(watch.quietMs() <= LEASE_LIMIT_MS + 500);
    t.equal(
      (await lab.exec('client', ['curl', '-s', '-m', '2', 'http://web.test/'])).exitCode,
      7,
      'a virtual IP is refused at once',
    );
  });

  await t.test('agents that start again take over what the dead ones left, without doubling it', async (t) => {
    const before = (await chains(lab, 'client')).split('\n').filter((line) => line.startsWith('-A')).length;
    await lab.start('client', 'agent');
    await lab.start('server', 'agent');
    t.equal((await chains(lab, 'client')).split('\n').filter((line) => line.startsWith('-A')).length, before);
    const expected = { ...connections(2, 'http1'), requests: { 200: 2 } };
    await countsExactly(t, lab, { 'client outbound': expected, 'server outbound': NOTHING }, async () => {
      t.equal(await get(lab, server4), proxied);
      t.match(await get(lab, 'http://web.test/'), /^hello from/);
    });
    t.equal((await lab.towpath('status')).exitCode, 0);
  });

  await t.test('an established connection through a killed agent ends, and is not left hanging', async (t) => {
    const client = lab.spawn('client', ['socat', '-', `TCP:${lab.address('server', 'ipv4')}:80`]);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await lab.waitFor('the answer', 20_000, async () => client.stdout.includes('hello'));
    await lab.stop('client', 'agent', 'SIGKILL');
    const watch = startWatch();
    await client.within(20_000);
    t.ok(watch.quietMs() < 1500, 'socat ended, half a second after it met the end');
    await lab.start('client', 'agent');
  });

  await t.test('an agent that is stopped (SIGTERM) leaves nothing, and traffic goes on directly at once', async (t) => {
    await lab.stop('client', 'agent', 'SIGTERM');
    t.notMatch(await chains(lab, 'client'), /towpath/i);
    t.match(await get(lab, server4), /^hello from/);
    await lab.start('client', 'agent');
  });

  await t.test('a frozen agent (SIGSTOP) counts as gone; when it thaws it takes over again', async (t) => {
    await lab.stop('client', 'agent', 'SIGSTOP');
    await lab.stop('server', 'agent', 'SIGSTOP');
    const ms = await untilAnswered(lab, server4, direct4);
    t.ok(ms <= LEASE_LIMIT_MS + 2500, `answered directly after ${Math.round(ms)} ms`);
    // The server first: what the client's agent dialled before that would stay in its pool, past the server's agent.
    await lab.stop('server', 'agent', 'SIGCONT');
    await lab.waitFor("the server's agent to take over", 20_000, async () => (await get(lab, server4)) === proxied);
    await lab.stop('client', 'agent', 'SIGCONT');
    await lab.waitFor("the client's agent to take over", 20_000, async () => {
      const before = await lab.counter('client', 'towpath_connections_opened_total', { side: 'outbound' });
      const answer = await get(lab, server4);
      const after = await lab.counter('client', 'towpath_connections_opened_total', { side: 'outbound' });
      return answer === proxied && after > before;
    });
  });

  await t.test('both agents are sound at the end', async (t) => {
    for (const host of ['client', 'server']) {
      const metrics = await lab.metrics(host);
      t.equal(metrics.value('towpath_internal_errors_total'), 0);
    }
  });
});
