import t from 'tap';
import type { Bucket } from '../../src/contract/bus-types.ts';
import { ORDERS, operator, route, startAgent, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const KEY = 'HTTPRoute.shop.orders';
const nats = await startNatsServer();
let control = await startControl(nats.url);
const bus = await operator(nats.url);
const agent = startAgent(nats.url, 'watcher');
t.teardown(async () => {
  await agent.link.stop();
  await control.stop();
  await bus.close();
  await nats.dispose();
});
const config: Bucket = bus.bucket('towpath_config');
const timeoutInForce = (): number | null | undefined =>
  agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs;
const statusOf = async (key: string): Promise<Record<string, unknown>> =>
  JSON.parse(Buffer.from((await bus.bucket('towpath_status').get(key))?.data ?? []).toString() || '{}');
const apply = (text: string) => bus.request('towpath.v1.default.control.resource.apply', text, 5_000);

await until('control answers', () =>
  apply(`${ORDERS}---${route('1s')}`).then(
    () => true,
    () => false,
  ),
);
agent.link.demand('shop/orders');
await until('the first view', () => timeoutInForce() === 1_000);

t.test('a plain YAML manifest put into the bucket is taken over and completed', async (t) => {
  await config.put(KEY, route('2s'));
  await until('the edit is in force', () => timeoutInForce() === 2_000);
  await until('generation and creation time are written back', async () => {
    const entry = await config.get(KEY);
    return entry !== null && Buffer.from(entry.data).toString().includes('"generation":2');
  });
  const stored = JSON.parse(Buffer.from((await config.get(KEY))?.data ?? []).toString());
  t.match(stored, { kind: 'HTTPRoute', metadata: { generation: 2, creationTimestamp: String } });
});

t.test('a record that cannot be admitted changes nothing and says why in towpath_status', async (t) => {
  await config.put(KEY, route('3s').replace('timeouts', 'timeoutz'));
  await until('the verdict', async () => (await statusOf(KEY))['refused'] !== null);
  t.match(await statusOf(KEY), { generation: 2, refused: { problems: [{ path: /spec\.rules\[0\]\.timeoutz/ }] } });
  t.equal(timeoutInForce(), 2_000);
});

t.test('a restarted control goes back to the last good version while the newest is bad', async (t) => {
  await control.stop();
  control = await startControl(nats.url);
  await until('control answers', () =>
    bus.request('towpath.v1.default.control.mesh.status', '', 500).then(
      () => true,
      () => false,
    ),
  );
  const reply = await bus.request(
    'towpath.v1.default.control.resource.get',
    '{"kind":"HTTPRoute","namespace":"shop","name":"orders"}',
    1_000,
  );
  t.match(JSON.parse(reply.text()), {
    metadata: { generation: 2 },
    spec: { rules: [{ timeouts: { request: '2s' } }] },
  });
  t.equal(timeoutInForce(), 2_000);
});

t.test('apply repairs it, by compare and set over the bad record', async (t) => {
  const reply = await apply(route('4s'));
  t.equal(reply.header('Nats-Service-Error-Code'), '', reply.header('Nats-Service-Error'));
  await until('the change is in force', () => timeoutInForce() === 4_000);
  await until('the refusal is gone', async () => (await statusOf(KEY))['refused'] === null);
});

t.test('junk under any key disturbs nothing', async (t) => {
  const before = agent.link.stats().acknowledged;
  await config.put('junk', '\u0000');
  await config.put('Service.shop.wrong', ORDERS);
  await config.put('HTTPRoute.a.b.c.d.e', '{}');
  await until('all are refused', async () => (await statusOf('Service.shop.wrong'))['refused'] !== undefined);
  t.match(await statusOf('Service.shop.wrong'), {
    refused: { problems: [{ message: /the key must be Service\.shop\.orders/ }] },
  });
  t.same(agent.link.stats().acknowledged, before);
  for (const key of ['junk', 'Service.shop.wrong', 'HTTPRoute.a.b.c.d.e']) await config.remove(key, null);
});

t.test('a deleted key deletes the resource', async (t) => {
  await config.remove(KEY, null);
  await until('the route is gone', () => agent.services.get('shop/orders')?.ports[0]?.http === null);
  t.pass('traffic flows without routing rules');
});

t.test('two writers racing on one resource: every answer is true, nothing is lost', async (t) => {
  await apply(route('1s'));
  let direct = 0;
  let requested = 0;
  const editor = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      const entry = await config.get(KEY);
      const written = await config.write(KEY, route(`${100 + i}s`), entry?.revision ?? 0);
      if (written.ok) direct++;
    }
  };
  const caller = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      const reply = await apply(route(`${200 + i}s`));
      const code = reply.header('Nats-Service-Error-Code');
      if (code === '') requested++;
      else t.equal(code, '409');
    }
  };
  await Promise.all([editor(), caller()]);
  t.ok(direct > 0 && requested > 0, `${direct} direct edits, ${requested} requests`);
  await apply(route('300s'));
  await until('the last writer wins everywhere', () => timeoutInForce() === 300_000);
  const stored = JSON.parse(Buffer.from((await config.get(KEY))?.data ?? []).toString());
  t.equal(stored.spec.rules[0].timeouts.request, '300s');
});

t.test('two controls: one leads, the other stands by and takes over', async (t) => {
  const second = await startControl(nats.url, 'spare');
  await until('it stands by', async () => (await fetch(`http://127.0.0.1:${second.httpPort}/readyz`)).status === 200);
  t.match(await (await fetch(`http://127.0.0.1:${second.httpPort}/metrics`)).text(), /towpath_control_leading 0\n/);
  await control.stop();
  await until('it leads', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${second.httpPort}/metrics`)).text();
    return metrics.includes('towpath_control_leading 1\n');
  });
  const reply = await apply(route('7s'));
  t.equal(reply.header('Nats-Service-Error-Code'), '');
  await until('its change reaches the agents', () => timeoutInForce() === 7_000);
  await second.stop();
});
