import t from 'tap';
import { commandLine } from './support/command-line.ts';
import { ORDERS, operator, route, startAgent, startControl, until, workload } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const control = await startControl(nats.url);
const sick = { ...workload('orders-2', '10.0.0.2'), healthy: false };
const user = startAgent(nats.url, 'user', [workload('orders-1', '10.0.0.1'), sick]);
const idle = startAgent(nats.url, 'idle');
const bus = await operator(nats.url);
const towpath = await commandLine(nats.url);
t.teardown(async () => {
  await user.link.stop();
  await idle.link.stop();
  await control.stop();
  await bus.close();
  await towpath.dispose();
  await nats.dispose();
});

const ROUTE = ['httproute', 'orders', '-n', 'shop'] as const;
const OTHER = ORDERS.replace('name: orders', 'name: other').replace('app: orders', 'app: other');
await until('control answers', async () => (await towpath.run('status')).status === 0);
await towpath.run('apply', '-f', await towpath.file('all.yaml', `${ORDERS}---${route('1s')}---${OTHER}`), '--wait');

async function programmed(...args: readonly string[]) {
  const { status } = JSON.parse((await towpath.run('get', ...args, '-o', 'json')).out);
  return status.conditions.find(({ type }: { type: string }) => type === 'towpath.dev/Programmed');
}

t.test('only agents that use a service count for what touches it', async (t) => {
  t.match(await programmed(...ROUTE), { status: 'True', reason: 'Programmed', message: '0/0 agents' });
  user.link.demand('shop/orders');
  await until('the agent says so', async () => (await programmed(...ROUTE)).message === '1/1 agents');
  t.match(await programmed('svc', 'other', '-n', 'shop'), { status: 'True', message: '0/0 agents' });
  t.match((await towpath.run('get', 'svc', '-n', 'shop', '-o', 'wide')).out, /orders .* 1\/1\n.*other .* 0\/0\n/);
});

t.test('a refusal concerns what it is about, and nothing else', async (t) => {
  user.link.demand('shop/other');
  await until('it uses both', async () => (await programmed('svc', 'other', '-n', 'shop')).message === '1/1 agents');
  user.refuse = 'no memory left';
  await towpath.run('apply', '-f', await towpath.file('r.yaml', route('2s')));
  await until('it is refused', async () => (await programmed(...ROUTE)).status === 'False');
  t.match(await programmed(...ROUTE), { reason: 'RejectedByAgent', message: 'user: svc.shop.orders: no memory left' });
  t.match(await programmed('svc', 'other', '-n', 'shop'), { status: 'True', message: '1/1 agents' });
  const described = await towpath.run('describe', ...ROUTE);
  t.match(described.out, /agents\n {2}AGENT +STATE\n {2}user +refuses it +svc\.shop\.orders: no memory left\n/);
  user.refuse = null;
  await towpath.run('apply', '-f', await towpath.file('r.yaml', route('3s')), '--wait');
  t.match(await programmed(...ROUTE), { status: 'True', message: '1/1 agents' });
});

t.test('describe: spec, conditions, references, agents, changes', async (t) => {
  const { status, out } = await towpath.run('describe', ...ROUTE);
  t.equal(status, 0);
  t.match(out, /^HTTPRoute shop\/orders, generation 3, created \d{4}-/);
  for (const section of [
    /\nspec\n {2}parentRefs:\n/,
    /\nconditions\n {2}TYPE +STATUS +REASON +MESSAGE\n {2}Accepted +True/,
    /\nrefers to\n {2}Service shop\/orders \(parentRefs\)\n/,
    /\nagents\n {2}AGENT +STATE\n {2}user +runs it\n/,
    /\nlast changes\n {5}REVISION/,
  ])
    t.match(out, section);
  t.notMatch(out, /\nendpoints\n/);
});

t.test('describe of a Service: endpoints with health and host, who refers to it', async (t) => {
  const { out } = await towpath.run('describe', 'service/orders', '-n', 'shop');
  t.match(
    out,
    /\nreferred to by\n {2}HTTPRoute shop\/orders \(parentRefs\)\n {2}HTTPRoute shop\/orders \(backendRefs\)\n/,
  );
  t.match(
    out,
    /shop\/orders-1 +10\.0\.0\.1 +http:8080 +1 +yes +user\n +shop\/orders-2 +10\.0\.0\.2 +http:8080 +1 +no +user\n/,
  );
  const json = JSON.parse((await towpath.run('describe', 'svc', 'orders', '-n', 'shop', '-o', 'json')).out);
  t.match(json, { services: ['shop/orders'], agents: { interested: ['user'] }, endpoints: { length: 2 } });
});

t.test('what is missing is told where it is named', async (t) => {
  const lost = route('1s', 'lost').replace('backendRefs: [{name: orders', 'backendRefs: [{name: nowhere');
  await towpath.run('apply', '-f', await towpath.file('lost.yaml', lost));
  const { out } = await towpath.run('describe', 'httproute', 'lost', '-n', 'shop');
  t.match(out, /Service shop\/nowhere \(backendRefs\) does not exist\n/);
  t.match(out, /\nfindings\n {2}Error \[TWP0101\] \(HTTPRoute shop\/lost\)/);
  t.match(await towpath.run('describe', 'svc', 'absent'), { status: 1, err: /Service default\/absent does not exist/ });
  t.match(await towpath.run('describe', 'svc'), { status: 2 });
});

t.test('get takes several kinds and names', async (t) => {
  const names = async (...args: readonly string[]) => (await towpath.run('get', ...args, '-o', 'name')).out;
  t.equal(
    await names('svc,httproute', '-n', 'shop'),
    'Service shop/orders\nService shop/other\nHTTPRoute shop/lost\nHTTPRoute shop/orders\n',
  );
  t.equal(await names('svc', 'orders', 'other', '-n', 'shop'), 'Service shop/orders\nService shop/other\n');
  t.equal(await names('svc/orders', 'httproute/lost', '-n', 'shop'), 'Service shop/orders\nHTTPRoute shop/lost\n');
  t.equal(await names('svc', 'orders', '-A'), 'Service shop/orders\n');
  for (const [args, sentence] of [
    [['all', 'x'], /a name needs a kind/],
    [['svc/a', 'b'], /must be KIND\/NAME/],
    [['svc', '-A', '-n', 'x'], /not both/],
  ] as const)
    t.match(await towpath.run('get', ...args), { status: 2, err: sentence });
});

t.test('the shell is offered what the mesh has', async (t) => {
  const offered = async (...words: readonly string[]) => (await towpath.run('completion', 'words', '--', ...words)).out;
  t.equal(await offered('get', 'svc', '-n', 'shop', ''), 'orders\nother\n');
  t.equal(await offered('describe', 'httproutes', ''), 'lost\norders\n');
  t.equal(await offered('get', 'svc', '-n', ''), 'shop\n');
  t.equal(await offered('explain', 'GET', 'http://x/', '--host', ''), 'idle\nuser\n');
});

t.test('a list that no answer could hold comes in parts', async (t) => {
  const notes = 'x'.repeat(20_000);
  for (let part = 0; part < 3; part++) {
    const maps = Array.from({ length: 25 }, (_, i) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `m${part}-${i}` }, data: { notes } }),
    );
    t.equal((await towpath.run('apply', '-f', await towpath.file('maps.yaml', maps.join('\n---\n')))).status, 0);
  }
  const reply = await bus.request('towpath.v1.default.control.resource.list', '{"kind":"ConfigMap"}', 5_000);
  t.match(JSON.parse(reply.text()), { next: /^ConfigMap\.default\.m/ });
  t.equal((await towpath.run('get', 'configmaps', '-o', 'name')).out.split('\n').length, 76);
});

t.test('a ServiceEntry counts who dials it and shows its endpoints; a Sidecar concerns every agent', async (t) => {
  const entry = `{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: vendor, namespace: shop}, spec: {
    hosts: [api.vendor.example], resolution: STATIC, endpoints: [{address: 10.9.9.9, weight: 3}], ports: [{number: 443, name: tls, protocol: TLS}]}}`;
  const sidecar = (mode: string): string =>
    `{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: default, namespace: shop}, spec: {outboundTrafficPolicy: {mode: ${mode}}}}`;
  const all = await towpath.file('egress.yaml', `${entry}\n---\n${sidecar('ALLOW_ANY')}`);
  t.equal((await towpath.run('apply', '-f', all, '--wait')).status, 0);
  t.match(await programmed('serviceentry', 'vendor', '-n', 'shop'), { status: 'True', message: '0/0 agents' });
  user.link.demand('shop/vendor');
  await until(
    'it dials',
    async () => (await programmed('serviceentry', 'vendor', '-n', 'shop')).message === '1/1 agents',
  );
  t.match(
    (await towpath.run('describe', 'serviceentry', 'vendor', '-n', 'shop')).out,
    /\n {2}shop\/vendor +10\.9\.9\.9/,
  );
  t.match(await programmed('sidecar', 'default', '-n', 'shop'), { status: 'True', message: '2/2 agents' });

  user.refuse = 'no memory left';
  await towpath.run('apply', '-f', await towpath.file('egress.yaml', sidecar('REGISTRY_ONLY')));
  await until('it is refused', async () => (await programmed('sidecar', 'default', '-n', 'shop')).status === 'False');
  t.match(await programmed('sidecar', 'default', '-n', 'shop'), { message: 'user: dir.0: no memory left' });
  user.refuse = null;
});
