import { readFile, stat } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { commandLine } from './support/command-line.ts';
import { ORDERS, operator, route, startAgent, startControl, until, workload } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
let control = await startControl(nats.url);
const agent = startAgent(nats.url, 'shop', [workload('orders-1', '10.0.0.1')]);
const towpath = await commandLine(nats.url);
t.teardown(async () => {
  await agent.link.stop();
  await control.stop();
  await towpath.dispose();
  await nats.dispose();
});
const version = () => agent.services.get('shop/orders')?.version;
const everything = async (): Promise<{ metadata: { resourceVersion?: string }; status?: object }[]> => {
  const { items } = JSON.parse((await towpath.run('get', 'all', '-o', 'json')).out);
  for (const item of items) {
    delete item.metadata.resourceVersion;
    delete item.status;
  }
  return items;
};

await until('control answers', async () => (await towpath.run('status')).status === 0);
await towpath.run('apply', '-f', await towpath.file('orders.yaml', `${ORDERS}---${route('1s')}`));
await towpath.run('apply', '-f', await towpath.file('second.yaml', route('2s')), '--wait');
agent.link.demand('shop/orders');
await until('the view', () => version() !== undefined);
const path = await towpath.file('mesh.json', 'an older backup');

t.test('a backup has all that is stored, and replaces the file as a whole', async (t) => {
  const ran = await towpath.run('backup', '-o', path);
  t.match(ran, { status: 0, out: '', err: /^2 resources of the mesh "default", generation \d+\n$/ });
  const file = JSON.parse(await readFile(path, 'utf8'));
  t.match(file, {
    format: 'towpath-backup/1',
    mesh: 'default',
    resources: [
      { kind: 'HTTPRoute', metadata: { generation: 2, creationTimestamp: String } },
      { kind: 'Service', metadata: { generation: 1 }, spec: { clusterIPs: [/^240\.240\./, /^fd00:240:/] } },
    ],
  });
  t.equal((await stat(path)).mode & 0o777, 0o600);
  t.match((await towpath.run('backup')).out, /"format": "towpath-backup\/1"/);
  t.match(await towpath.run('backup', '-o', '/nonexistent/x'), { status: 1, err: /cannot write \/nonexistent\/x/ });
});

t.test('restore into a wiped store: the same resources, the same views, acknowledged', async (t) => {
  const [before, view] = [await everything(), version()];
  await control.stop();
  await nats.restart('wiped');
  control = await startControl(nats.url);
  await until('control answers', async () => (await towpath.run('get', 'all')).err.includes('no resources found'));
  await until('the agent is back', async () => {
    const { agents } = JSON.parse((await towpath.run('status', '-o', 'json')).out);
    return agents.some(({ host, state }: { host: string; state: string }) => host === 'shop' && state !== 'GONE');
  });
  t.equal(version()?.hash, view?.hash, 'the agent keeps what it has');
  const ran = await towpath.run('restore', path, '--wait');
  t.equal(ran.status, 0, ran.err);
  t.equal(ran.out, '2 created\n');
  t.match(ran.err, /1\/1 agents run generation/);
  t.same(await everything(), before);
  await until('the view of the new epoch', () => (version()?.epoch ?? 0) > (view?.epoch ?? 0));
  await until('its endpoints are back', () => version()?.hash === view?.hash);
  t.match((await towpath.run('audit')).out, /@\S+ +restore +HTTPRoute shop\/orders +created/);
});

t.test('a mesh that is not empty is left alone, unless it is to be replaced', async (t) => {
  await towpath.run('apply', '-f', await towpath.file('extra.yaml', `${route('9s')}---${route('5s', 'extra')}`));
  t.match(await towpath.run('restore', path), {
    status: 1,
    out: '',
    err: /the mesh is not empty: it has 3 resources\nhint: with --replace/,
  });
  t.match(await towpath.run('restore', path, '--replace', '--dry-run'), {
    out: '1 updated, 1 unchanged, 1 deleted (dry run)\n',
  });
  t.equal((await everything()).length, 3);
  const zipped = await towpath.file('mesh.json.gz', '');
  await (await import('node:fs/promises')).writeFile(zipped, gzipSync(await readFile(path)));
  t.match(await towpath.run('restore', zipped, '--replace', '-o', 'json'), { status: 0, out: /"deleted": 1/ });
  t.match(JSON.parse((await towpath.run('get', 'httproute', 'orders', '-n', 'shop', '-o', 'json')).out), {
    metadata: { generation: 4 },
    spec: { rules: [{ timeouts: { request: '2s' } }] },
  });
});

t.test('what is no usable backup changes nothing', async (t) => {
  const text = await readFile(path, 'utf8');
  for (const [name, content, sentence] of [
    ['cut.json', text.slice(0, 200), /it is not JSON/],
    ['changed.json', text.replace('"2s"', '"3s"'), /its checksum is wrong/],
    ['bomb.gz', '\u001f\u008b not gzip', /no usable backup|cannot unpack/],
  ] as const)
    t.match(await towpath.run('restore', await towpath.file(name, content), '--replace'), { status: 1, err: sentence });
  t.match(await towpath.run('restore', '/nonexistent'), { status: 1, err: /there is no such file/ });
  t.match(await towpath.run('restore'), { status: 2 });
  const bus = await operator(nats.url);
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  const reply = await bus.request('towpath.v1.default.control.mesh.restore', bomb, 10_000);
  t.equal(reply.header('Nats-Service-Error-Code'), '400');
  await bus.close();
  t.equal((await towpath.run('get', 'all', '-o', 'name')).out, 'HTTPRoute shop/orders\nService shop/orders\n');
});
