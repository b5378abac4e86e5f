/**
 * A hostile client of NATS that may publish anything, and a hostile host: every kind of bad message, over a real server, to an agent and to
 * control. Nothing changes, it is counted why, and the next good change works.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { progressSchema } from '../../src/contract/messages.ts';
import { ORDERS, operator, route, startAgent, startControl, until, workload } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const control = await startControl(nats.url);
const bus = await operator(nats.url);
const PREFIX = 'towpath.v1.default';
const ask = (command: string, body: string | Uint8Array) => bus.request(`${PREFIX}.control.${command}`, body, 5_000);
const apply = async (text: string): Promise<{ epoch: number; gen: number }> =>
  JSON.parse((await ask('resource.apply', text)).text());
const wait = async ({ epoch, gen }: { epoch: number; gen: number }) =>
  progressSchema.parse(JSON.parse((await ask('change.wait', JSON.stringify({ epoch, gen, timeoutMs: 3_000 }))).text()));
const metric = async (name: string): Promise<number> => {
  const page = await (await fetch(`http://127.0.0.1:${control.httpPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1] ?? Number.NaN);
};
const state = async (): Promise<string> => JSON.stringify(JSON.parse((await ask('mesh.backup', '')).text()));

await until('control answers', () =>
  apply(`${ORDERS}---${route('1s')}`).then(
    () => true,
    () => false,
  ),
);
const agent = startAgent(nats.url, 'careful', [workload('orders-1', '10.0.0.1')]);
agent.link.demand('shop/orders');
t.teardown(async () => {
  await agent.link.stop();
  await control.stop();
  await bus.close();
  await nats.dispose();
});
const endpoints = (): number => agent.services.get('shop/orders')?.clusters['shop/orders:80']?.endpoints.length ?? 0;
await until('the endpoint is in the view', () => endpoints() === 1 && agent.directory !== null);

/** Bodies that are no message of any kind. */
const RUBBISH: readonly (readonly [name: string, body: string | Uint8Array])[] = [
  ['nothing', ''],
  ['NUL', '\u0000'],
  ['not UTF-8', new Uint8Array([0xff, 0xfe, 0x7b, 0x7d])],
  ['half a document', '{"version":'],
  ['two documents', '{}{}'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a number', '1e309'],
  ['text', '"x"'],
  ['an empty object', '{}'],
  ['brackets', '['.repeat(60_000)],
  ['a prototype', '{"__proto__":{"version":{"epoch":1,"gen":1,"hash":"x"}}}'],
  ['a constructor', '{"constructor":{"prototype":{"gen":1}}}'],
  ['as large as NATS takes', `{"x":"${'y'.repeat(1_000_000)}"}`],
];

t.test(
  'views: rubbish and what does not fit its key is refused, counted one by one, and nothing is called',
  async (t) => {
    const { services } = agent;
    const [service, directory, calls] = [services.get('shop/orders'), agent.directory, agent.calls];
    if (service === undefined || directory === null) throw new Error('no view');
    const newer = { ...service.version, gen: service.version.gen + 1 };
    const misfits = [
      { ...service, version: newer, name: 'other' },
      { ...service, version: newer, clusters: {} },
      { ...service, version: { ...newer, gen: -1 } },
      { ...service, version: { ...newer, gen: 1.5 } },
      { ...service, version: { ...newer, epoch: '1' } },
      { ...service, version: newer, virtualIps: ['999.0.0.1'] },
      { ...service, version: newer, ports: Array.from({ length: 2_000 }, () => service.ports[0]) },
    ].map((view, i) => [`misfit ${i}`, JSON.stringify(view)] as const);
    const rejected = (): number => agent.link.stats().counters.viewsRejected;
    for (const key of ['svc.shop.orders', 'dir.0', 'host.careful', '_meta'])
      for (const [name, body] of key === 'svc.shop.orders' ? [...RUBBISH, ...misfits] : RUBBISH) {
        const before = rejected();
        bus.publish(`${PREFIX}.view.${key}`, body);
        await until(`${key}: ${name} is counted`, () => rejected() === before + 1);
        t.ok(
          agent.link.stats().lastRejection?.startsWith(`${key}: `),
          `${key}: ${name}: ${agent.link.stats().lastRejection?.slice(0, 80)}`,
        );
      }
    t.equal(services.get('shop/orders'), service);
    t.equal(agent.directory, directory);
    t.equal(agent.own, null);
    t.equal(agent.calls, calls);
    t.equal(({} as Record<string, unknown>)['version'], undefined, 'no prototype was touched');
  },
);

t.test(
  'generations: older ones, leaps and those that come in the wrong order change nothing; a lie is not believed for good',
  async (t) => {
    const service = agent.services.get('shop/orders');
    if (service === undefined) throw new Error('no view');
    const { version } = service;
    const poison = (more: Partial<typeof version>): string =>
      JSON.stringify({
        ...service,
        version: { ...version, ...more },
        clusters: { 'shop/orders:80': { ...service.clusters['shop/orders:80'], endpoints: [] } },
      });
    const calls = agent.calls;
    for (const more of [
      { gen: 0 },
      { gen: version.gen - 1 },
      { epoch: 0 },
      { epoch: version.epoch - 1, gen: version.gen + 5 },
      { epoch: version.epoch + 1 },
      { epoch: Number.MAX_SAFE_INTEGER, gen: Number.MAX_SAFE_INTEGER },
      { gen: version.gen + 1_000_000 },
    ]) {
      bus.publish(`${PREFIX}.view.svc.shop.orders`, poison(more));
      bus.publish(`${PREFIX}.view._meta`, JSON.stringify({ previousGen: 0, keys: {}, ...version, ...more }));
    }
    bus.publish(
      `${PREFIX}.view._meta`,
      JSON.stringify({
        epoch: version.epoch,
        gen: version.gen,
        previousGen: 0,
        keys: { __proto__: 1, constructor: 5 },
      }),
    );
    await bus.flush();
    await sleep(300);
    t.equal(agent.services.get('shop/orders'), service);
    t.equal(agent.calls, calls);
    const progress = await wait(await apply(route('2s')));
    t.match(progress, { acknowledged: 1, missing: [], rejected: [] }, 'the next change is taken and answered');
    t.equal(agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs, 2_000);
  },
);

t.test('commands of an agent: refused with a code, counted, and harmless', async (t) => {
  const { calls } = agent;
  for (const verb of ['explain', 'loglevel'])
    for (const [name, body] of RUBBISH) {
      if (verb === 'explain' && name !== 'brackets' && !/nothing|NUL|UTF|half|two|large/.test(name)) continue;
      const reply = await bus.request(`${PREFIX}.agent.careful.${verb}`, body, 10_000);
      t.match(reply.header('Nats-Service-Error-Code'), /^4\d\d$/, `${verb}: ${name}`);
    }
  for (const verb of ['register', 'groups', 'trust', 'unknown'])
    for (let i = 0; i < 200; i++) bus.publish(`${PREFIX}.agents.${verb}`, '\u0000');
  for (const verb of ['shell', 'status.x', '>']) bus.publish(`${PREFIX}.agent.careful.${verb.replace('>', 'x')}`, 'x');
  await bus.flush();
  const stats = JSON.parse((await bus.request('$SRV.STATS.towpath-agent.careful', '', 10_000)).text());
  const errors = stats.endpoints.reduce((sum: number, one: { num_errors: number }) => sum + one.num_errors, 0);
  t.ok(errors >= 2 * 7, `${errors} errors are told`);
  t.equal(agent.calls, calls);
  t.equal(endpoints(), 1);
});

t.test('control: what hosts say is bounded and counted, and one host cannot change what is in force', async (t) => {
  const before = await state();
  const records = [
    ['address', { labels: { app: 'orders' }, address: 'not an address', ports: { http: 1 } }],
    ['port', { labels: { app: 'orders' }, address: '10.9.9.9', ports: { http: 99_999 } }],
    ['labels', { labels: { app: 7 }, address: '10.9.9.9', ports: {} }],
    ['unknown field', { labels: {}, address: '10.9.9.9', ports: {}, command: 'x' }],
    ['weight', { labels: {}, address: '10.9.9.9', ports: {}, weight: -1 }],
  ].map(([name, value]) => [String(name), JSON.stringify(value)] as const);
  const malformed = (): Promise<number> => metric('towpath_control_malformed_records_total');
  let expected = await malformed();
  const small = RUBBISH.filter(([name]) => name !== 'as large as NATS takes' && name !== 'nothing');
  for (const [key, bodies] of [
    ['lease', small],
    ['endpoint', [...small, ...records]],
    ['ack', RUBBISH],
  ] as const)
    for (const [name, body] of bodies) {
      if (key === 'ack') bus.publish(`${PREFIX}.ack.evil`, body);
      else await bus.bucket(`towpath_${key}`).put(key === 'lease' ? 'evil' : 'evil.shop.orders-9', String(body));
      expected++;
      await until(`${key}: ${name} is counted`, async () => (await malformed()) >= expected);
    }
  for (const key of ['..', 'a', 'a.b.c.d.e', 'UPPER.shop.x', '*', 'evil.__proto__.constructor'])
    bus.publish(`${PREFIX}.endpoint.${key}`, '{}', { 'Nats-Sequence': '-1' });
  for (const [noun, verb] of [
    ['group', 'get'],
    ['quota', 'callers'],
    ['cert', 'trust'],
  ])
    for (const [name, body] of RUBBISH) {
      const reply = await ask(`${noun}.${verb}.evil`, body).catch(() => null);
      if (reply !== null) t.match(reply.header('Nats-Service-Error-Code'), /^4\d\d$/, `${noun}.${verb}: ${name}`);
    }
  t.equal(await state(), before);
  t.equal(endpoints(), 1, 'nothing of the evil host is served');
});

t.test(
  'control: a host that claims to run generations of the future costs one republication, not one for each lie',
  async (t) => {
    const lease = { version: '0.1.0', boot: 'x', ack: null, workloads: [] };
    await bus.bucket('towpath_lease').put('liar', JSON.stringify(lease));
    await until('it is listed', async () =>
      JSON.parse((await ask('mesh.status', '')).text()).agents.some(({ host }: { host: string }) => host === 'liar'),
    );
    const epoch = await metric('towpath_control_epoch');
    for (let i = 1; i <= 50; i++) {
      const ack = { epoch: epoch + 2 * i, gen: Number.MAX_SAFE_INTEGER, result: 'ACK', errors: [] };
      bus.publish(`${PREFIX}.ack.liar`, JSON.stringify(ack));
      await bus.flush();
      await sleep(10);
    }
    const far = { epoch: Number.MAX_SAFE_INTEGER, gen: Number.MAX_SAFE_INTEGER, result: 'ACK', errors: [] };
    bus.publish(`${PREFIX}.ack.liar`, JSON.stringify(far));
    await bus.flush();
    await sleep(300);
    const raised = await metric('towpath_control_epoch');
    t.ok(raised < epoch + 200 || raised <= Date.now() / 1000 + 60, `the epoch is ${raised}`);
    t.ok((await metric('towpath_control_publications_total')) < 40, 'views were not published for each lie');
    await bus.bucket('towpath_lease').remove('liar', null);
    t.match(await wait(await apply(route('3s'))), { acknowledged: 1, rejected: [] }, 'the honest agent follows');
  },
);

t.test('control: a host registers no more workloads than its agent may have', async (t) => {
  const bucket = bus.bucket('towpath_endpoint');
  const record = JSON.stringify({ labels: { app: 'flood' }, address: '10.6.6.6', ports: { http: 80 } });
  const before = await metric('towpath_control_malformed_records_total');
  for (let i = 0; i < 510; i += 30)
    await Promise.all(Array.from({ length: 30 }, (_, j) => bucket.put(`evil.shop.w${i + j}`, record)));
  await until(
    'the others are refused',
    async () => (await metric('towpath_control_malformed_records_total')) >= before + 10,
  );
  t.equal(endpoints(), 1);
});

t.test('after all of it the mesh lives', async (t) => {
  t.match(await wait(await apply(route('4s'))), { acknowledged: 1, rejected: [] });
  t.equal(endpoints(), 1);
  t.equal(agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs, 4_000);
});
