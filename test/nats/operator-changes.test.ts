import t from 'tap';
import { commandLine } from './support/command-line.ts';
import { ORDERS, operator, route, startAgent, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const control = await startControl(nats.url);
const agent = startAgent(nats.url, 'shop');
const bus = await operator(nats.url);
const towpath = await commandLine(nats.url);
t.teardown(async () => {
  await agent.link.stop();
  await control.stop();
  await bus.close();
  await towpath.dispose();
  await nats.dispose();
});

const KEY = 'HTTPRoute.shop.orders';
const ROUTE = ['httproute', 'orders', '-n', 'shop'] as const;
const orders = await towpath.file('orders.yaml', `${ORDERS}---${route('1s')}`);
const second = await towpath.file('second.yaml', route('2s'));
const third = await towpath.file('third.yaml', route('3s'));
const timeoutInForce = (): number | null | undefined =>
  agent.services.get('shop/orders')?.ports[0]?.http?.actions[0]?.requestTimeoutMs;

await until('control answers', async () => (await towpath.run('status')).status === 0);

t.test('diff shows what is new, then nothing, then the one field that differs; it changes nothing', async (t) => {
  const fresh = await towpath.run('diff', '-f', orders);
  t.equal(fresh.status, 1, fresh.err);
  t.match(
    fresh.out,
    /^--- Service shop\/orders \(not there\)\n\+\+\+ Service shop\/orders \(generation 1\)\n@@ all of it @@\n/,
  );
  t.match(fresh.out, /\n\+ {2}rules:\n/);
  t.equal(fresh.err, '', 'references within the files resolve');
  t.match((await towpath.run('get', 'all')).err, 'no resources found');

  t.equal((await towpath.run('apply', '-f', orders, '--wait')).status, 0);
  const same = await towpath.run('diff', '-f', orders);
  t.same(same, { status: 0, out: '', err: '' });

  const changed = await towpath.run('diff', '-f', second);
  t.equal(changed.status, 1);
  t.equal(
    changed.out,
    `--- HTTPRoute shop/orders (generation 1)
+++ HTTPRoute shop/orders (generation 2)
@@ spec.rules[0].timeouts.request @@
-1s
+2s
`,
  );
  const json = JSON.parse((await towpath.run('diff', '-f', second, '-o', 'json')).out);
  t.match(json.changes, [
    {
      id: KEY,
      outcome: 'updated',
      generation: { before: 1, after: 2 },
      fields: [{ path: 'spec.rules[0].timeouts.request', before: '1s', after: '2s' }],
      truncated: false,
    },
  ]);
});

t.test('diff refuses what apply would refuse, and warns of what apply would warn of', async (t) => {
  const bad = await towpath.file('bad.yaml', route('1s').replace('backendRefs', 'backendRefz'));
  t.match(await towpath.run('diff', '-f', bad), {
    status: 1,
    out: '',
    err: /spec\.rules\[0\]\.backendRefz: unknown field/,
  });
  const lost = await towpath.file(
    'lost.yaml',
    route('1s', 'lost').replace('name: orders, port', 'name: nowhere, port'),
  );
  t.match(await towpath.run('diff', '-f', lost), { status: 1, err: /warning: HTTPRoute shop\/lost .*nowhere/ });
  t.match(await towpath.run('diff'), { status: 2, err: /name at least one file/ });
});

t.test('history tells of each version, who wrote it, and which is in force', async (t) => {
  await towpath.run('apply', '-f', second);
  await bus.bucket('towpath_config').put(KEY, route('9s'));
  await until('the edit is taken over', async () =>
    (await towpath.run('get', ...ROUTE, '-o', 'yaml')).out.includes('9s'),
  );
  await towpath.run('apply', '-f', third);
  const { status, out } = await towpath.run('history', ...ROUTE);
  t.equal(status, 0);
  t.match(out, /^ +REVISION +GENERATION +TIME +OPERATION +AUTHOR\n\* +\d+ +4 +\d{4}-\S+Z +apply +\S+@\S+\n/);
  t.match(out, /\n +\d+ +- +\S+ +direct-edit +-\n/, 'the edit has no generation and no author');
  const { items } = JSON.parse((await towpath.run('history', ...ROUTE, '-o', 'json')).out);
  t.match(
    items.map((item: { generation: number }) => item.generation),
    [4, 3, null, 2, 1],
  );
  t.same(items.filter((item: { inForce: boolean }) => item.inForce).length, 1);
  const oldest = items.at(-1).revision;
  const version = await towpath.run('history', ...ROUTE, '--revision', String(oldest));
  t.match(version.out, /request: 1s/);
  t.match(await towpath.run('history', ...ROUTE, '--revision', '99999'), {
    status: 1,
    err: /revision 99999 .* is not kept\nhint: /,
  });
  t.match(await towpath.run('history', 'svc', 'absent'), { status: 1, err: /Service default\/absent does not exist/ });
  t.match(await towpath.run('history', 'svc'), { status: 2, err: /say which/ });
});

t.test('rollback goes back by one, to a revision, and is a change like any other', async (t) => {
  agent.link.demand('shop/orders');
  await until('the view', () => timeoutInForce() === 3_000);
  const dry = await towpath.run('rollback', ...ROUTE, '--dry-run');
  t.equal(dry.out, 'HTTPRoute shop/orders updated (generation 5) (dry run)\n', dry.err);
  const back = await towpath.run('rollback', 'httproute/orders', '-n', 'shop', '--wait');
  t.match(back, {
    status: 0,
    out: 'HTTPRoute shop/orders updated (generation 5)\n',
    err: /1\/1 agents run generation/,
  });
  t.equal(timeoutInForce(), 9_000);
  const { items } = JSON.parse((await towpath.run('history', ...ROUTE, '-o', 'json')).out);
  t.match(items[0], { action: 'rollback', author: /@/, inForce: true });
  const first = items.find((item: { generation: number }) => item.generation === 1).revision;
  t.equal((await towpath.run('rollback', ...ROUTE, '--to', String(first), '--wait')).status, 0);
  t.equal(timeoutInForce(), 1_000);
  t.match(await towpath.run('rollback', ...ROUTE, '--to', '99999'), { status: 1, err: /is not kept/ });
  t.match(await towpath.run('rollback', 'svc', 'orders', '-n', 'shop'), { status: 1, err: /no earlier version/ });
  t.match(await towpath.run('rollback', ...ROUTE, '--to', 'x'), { status: 2, err: /--to must be a whole number/ });
});

t.test('what was deleted comes back as old as it was', async (t) => {
  const before = JSON.parse((await towpath.run('get', ...ROUTE, '-o', 'json')).out);
  await towpath.run('delete', ...ROUTE);
  const { items } = JSON.parse((await towpath.run('history', ...ROUTE, '-o', 'json')).out);
  t.match(items[0], { operation: 'delete', action: 'delete', author: /@/ });
  t.match(await towpath.run('rollback', ...ROUTE, '--to', String(items[0].revision)), {
    status: 1,
    err: /is its deletion/,
  });
  const back = await towpath.run('rollback', ...ROUTE);
  t.equal(back.out, `HTTPRoute shop/orders created (generation ${before.metadata.generation + 1})\n`, back.err);
  const after = JSON.parse((await towpath.run('get', ...ROUTE, '-o', 'json')).out);
  t.equal(after.metadata.creationTimestamp, before.metadata.creationTimestamp);
  t.same(after.spec, before.spec);
});

t.test('the audit trail says who changed which field', async (t) => {
  const { status, out } = await towpath.run('audit', '--since', '1h');
  t.equal(status, 0);
  t.match(out, /^TIME +AUTHOR +ACTION +RESOURCE +OUTCOME +GENERATION\n/);
  t.match(out, /@\S+ +rollback +HTTPRoute shop\/orders +updated +5\n/);
  t.match(out, / - +direct-edit +HTTPRoute shop\/orders +updated +3\n/);
  const wide = await towpath.run('audit', ...ROUTE, '-o', 'wide', '--limit', '3');
  t.match(wide.out, /--- HTTPRoute shop\/orders\n@@ spec\.rules\[0\]\.timeouts\.request @@\n-9s\n\+1s\n/);
  t.match(wide.err, /there are more/);
  const { events } = JSON.parse((await towpath.run('audit', ...ROUTE, '-o', 'json')).out);
  t.ok(events.every((event: { results: { id: string }[] }) => event.results.every(({ id }) => id === KEY)));
  t.match(await towpath.run('audit', '--since', '1w'), { status: 2, err: /--since must be like/ });
});

t.test('a clock that was set back makes nothing older than what is there', async (t) => {
  const future = '2090-01-01T00:00:00.000Z';
  const early = route('1s', 'early').replace('namespace: shop', `namespace: shop, creationTimestamp: "${future}"`);
  await bus.bucket('towpath_config').put('HTTPRoute.shop.early', early);
  await until(
    'it is taken over',
    async () => (await towpath.run('get', 'httproute', 'early', '-n', 'shop')).status === 0,
  );
  await towpath.run('apply', '-f', await towpath.file('late.yaml', route('2s', 'late')));
  const late = JSON.parse((await towpath.run('get', 'httproute', 'late', '-n', 'shop', '-o', 'json')).out);
  t.equal(late.metadata.creationTimestamp, '2090-01-01T00:00:00.001Z');
});
