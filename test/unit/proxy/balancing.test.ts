import t, { type Test } from 'tap';
import type { OutlierView } from '../../../src/contract/cluster-views.ts';
import { dumpState } from '../../../src/proxy/dump-state.ts';
import { address, ProxyRig } from '../../helpers/proxy-rig.ts';
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

const OUTLIER: OutlierView = {
  consecutive5xx: 5,
  consecutiveGatewayErrors: 0,
  consecutiveLocalErrors: 0,
  splitLocalErrors: false,
  intervalMs: 10_000,
  baseEjectionMs: 400,
  maxEjectionMs: 10_000,
  maxEjectionPercent: 50,
  alwaysEjectOne: false,
};

t.test('an endpoint that answers 5xx five times in a row is left alone for its time, and comes back', async (t) => {
  const rig = new ProxyRig();
  const servers = await startServers(rig, 2);
  rig.service(
    balancedView(
      servers.map(({ port }) => port),
      { outlier: OUTLIER },
    ),
  );
  const client = await rig.client();
  servers[1].status = 503;
  const statuses: number[] = [];
  while (rig.healthEvents.length === 0) statuses.push((await ask(rig, client)).status);
  t.equal(statuses.filter((status) => status === 503).length, 5);
  const endpoint = `127.0.0.1:${servers[1].port}`;
  const ejected = { type: 'ejected', reason: 'consecutive-5xx', ms: 400 };
  t.same(rig.healthEvents, [{ cluster: 'shop/orders:80', endpoint, event: ejected }]);
  const dumped = dumpState(rig.context).health?.find((one) => one.endpoint === endpoint);
  t.match(dumped, { cluster: 'shop/orders:80', usable: false, timesEjected: 1 });
  t.ok((dumped?.ejectedMs ?? 0) <= 400);

  const before = rig.reactor.now;
  const during: number[] = [];
  while (rig.reactor.now < before + 200) during.push((await ask(rig, client)).status);
  // A machine that stood still may have let the ejection end meanwhile.
  t.ok(!during.includes(503) || rig.healthEvents.length > 1);
  servers[1].status = 200;
  await rig.until(() => rig.reactor.now > before + 500, 'the end of the ejection');
  const after: string[] = [];
  for (let i = 0; i < 4; i++) after.push((await ask(rig, client)).body);
  t.same([...new Set(after)].sort(), ['0', '1']);
  t.same(rig.healthEvents[1].event, { type: 'returned', reason: 'time' });
  await check(t, rig);
});

t.test('refused connections, lost ones and answers that come too late count as well', async (t) => {
  const rig = new ProxyRig();
  const gone = await rig.serve(() => {});
  const { port: losing } = await rig.serve((socket) => socket.once('data', () => socket.destroy()));
  const [good] = await startServers(rig, 1);
  gone.server.close();
  const outlier = { ...OUTLIER, splitLocalErrors: true, consecutiveLocalErrors: 2, maxEjectionPercent: 70 };
  rig.service(balancedView([good.port, gone.port, losing], { outlier }));
  const client = await rig.client();
  while (rig.healthEvents.length < 2) t.equal((await ask(rig, client)).status, 200, 'each was sent to another one');
  t.same(
    new Set(rig.healthEvents.map(({ endpoint, event }) => `${endpoint} ${event.type}`)),
    new Set([`127.0.0.1:${gone.port} ejected`, `127.0.0.1:${losing} ejected`]),
  );
  await check(t, rig);
});

t.test('with everyone ejected the answer is 503 UH, or all are used below the panic threshold', async (t) => {
  const rig = new ProxyRig();
  const [server] = await startServers(rig, 1);
  const outlier = {
    ...OUTLIER,
    consecutive5xx: 1,
    maxEjectionPercent: 100,
    baseEjectionMs: 60_000,
    maxEjectionMs: 60_000,
  };
  rig.service(balancedView([server.port], { outlier }));
  const client = await rig.client();
  server.status = 500;
  t.equal((await ask(rig, client)).status, 500);
  server.status = 200;
  const refused = await ask(rig, client);
  t.equal(refused.status, 503);
  t.match(refused.head, /x-towpath-error: UH;/);
  rig.service(balancedView([server.port], { outlier, panicThreshold: 1 }, 2));
  t.equal((await ask(rig, client)).status, 200);
  await check(t, rig);
});

t.test('opaque connections: an endpoint that takes none is ejected', async (t) => {
  const rig = new ProxyRig();
  const gone = await rig.serve(() => {});
  gone.server.close();
  const echo = await rig.serve((socket) => socket.pipe(socket));
  const view = balancedView([gone.port, echo.port], { protocol: 'tcp', outlier: { ...OUTLIER, consecutive5xx: 2 } });
  rig.service({ ...view, ports: [{ ...view.ports[0], protocol: 'tcp' }] });
  for (let i = 0; rig.healthEvents.length === 0 && i < 20; i++) {
    const client = await rig.client();
    client.send('hello');
    await rig.until(() => client.text === 'hello', 'the echo');
    client.socket.destroy();
  }
  t.match(rig.healthEvents, [{ endpoint: `127.0.0.1:${gone.port}`, event: { type: 'ejected' } }]);
  t.equal(rig.context.outbound.get(address('127.0.0.1', gone.port)).active, 0);
  await check(t, rig);
});

t.test('PeakEWMA sends little to an endpoint that is slow, or too busy', async (t) => {
  const rig = new ProxyRig();
  const servers = await startServers(rig, 3);
  servers[2].status = 429;
  rig.service(
    balancedView(
      servers.map(({ port }) => port),
      { loadBalancer: 'PeakEWMA' },
    ),
  );
  const clients = await Promise.all([1, 2, 3, 4].map(() => rig.client()));
  for (let round = 0; round < 30; round++) await Promise.all(clients.map((client) => ask(rig, client)));
  t.ok(servers[2].seen.length <= 8, `${servers[2].seen.length} of 120`);
  t.equal(
    servers.reduce((sum, { seen }) => sum + seen.length, 0),
    120,
  );
  await check(t, rig);
});
