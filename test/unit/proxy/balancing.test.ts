import t, { type Test } from 'tap';
import { ProxyRig } from '../../helpers/proxy-rig.ts';
import { ask, balancedView, startServers } from './support/numbered-servers.ts';

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

const byUser = { loadBalancer: 'ConsistentHash', hash: { type: 'Header', name: 'x-user' } } as const;

t.test('requests with the same header come to the same endpoint, others spread', async (t) => {
  const rig = new ProxyRig();
  const servers = await startServers(rig, 3);
  const ports = servers.map(({ port }) => port);
  rig.service(balancedView(ports, byUser));
  const [one, two] = [await rig.client(), await rig.client()];
  const homes = new Map<number, string>();
  for (let user = 0; user < 30; user++) homes.set(user, (await ask(rig, one, `X-User: u${user}\r\n`)).body);
  t.equal(new Set(homes.values()).size, 3, 'all are used');
  for (const [user, home] of homes) t.equal((await ask(rig, two, `X-User: u${user}\r\n`)).body, home);

  rig.service(balancedView(ports.slice(0, 2), byUser, 2));
  for (const [user, home] of homes) {
    const { body } = await ask(rig, one, `X-User: u${user}\r\n`);
    if (home === '2') t.not(body, '2');
  }
  await check(t, rig);
});

t.test('only what cannot be connected to is passed over', async (t) => {
  const rig = new ProxyRig();
  const servers = await startServers(rig, 3);
  rig.service(
    balancedView(
      servers.map(({ port }) => port),
      byUser,
    ),
  );
  const client = await rig.client();
  const home = Number((await ask(rig, client, 'X-User: u\r\n')).body);
  servers[home].status = 500;
  t.match(await ask(rig, client, 'X-User: u\r\n'), { status: 500, body: String(home) });
  await servers[home].stop();
  const elsewhere = await ask(rig, client, 'X-User: u\r\n');
  t.equal(elsewhere.status, 200);
  t.not(elsewhere.body, String(home));
  t.equal((await ask(rig, client, 'X-User: u\r\n')).body, elsewhere.body, 'always to the same other one');
  await check(t, rig);
});

for (const loadBalancer of ['Random', 'LeastRequest', 'RoundRobin'] as const) {
  t.test(`${loadBalancer} uses every endpoint`, async (t) => {
    const rig = new ProxyRig();
    const servers = await startServers(rig, 3);
    rig.service(
      balancedView(
        servers.map(({ port }) => port),
        { loadBalancer },
      ),
    );
    const client = await rig.client();
    for (let i = 0; i < 60; i++) t.equal((await ask(rig, client)).status, 200);
    for (const { seen } of servers) t.ok(seen.length > 3, `${seen.length} of 60`);
    await check(t, rig);
  });
}
