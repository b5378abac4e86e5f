import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { runCli } from '../../src/cli/run-cli.ts';
import { recordingIo } from '../helpers/recording-io.ts';
import { ORDERS, operator, route, startAgent, until, workload } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const nats = await startNatsServer();
const directory = await mkdtemp(join(tmpdir(), 'towpath-cli-'));
const file = (name: string): string => join(directory, name);
await writeFile(file('orders.yaml'), `${ORDERS}---${route('1s')}`);
await writeFile(file('route.yaml'), route('2s'));
await writeFile(file('bad.yaml'), `${route('3s', 'fresh')}---${route('3s').replace('backendRefs', 'backendRefz')}`);
await writeFile(file('broken.yaml'), 'kind: [\n');

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[], server = nats.url) {
  const env = { ...process.env, TOWPATH_NATS_SERVERS: server };
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** In this process, which is quicker by far. */
async function towpath(args: readonly string[], server = nats.url): Promise<Ran> {
  const { io, written } = recordingIo({ TOWPATH_NATS_SERVERS: server });
  const status = await runCli(args, io);
  return { status, ...written };
}

/** In a process of its own: one run at least of each command, which ends by itself and sets the exit status. */
function program(args: readonly string[], input = '', server = nats.url): Promise<Ran> {
  return new Promise((resolve) => {
    const child = start(args, server);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (status) => resolve({ status, out, err }));
    child.stdin.end(input);
  });
}

const CONTROL = [
  'control',
  '--http',
  '127.0.0.1:0',
  '--id',
  'cli',
  '--lease-ttl',
  '2s',
  '--log-level',
  'error',
  '--ca',
  'off',
];
let control = start(CONTROL);
const agent = startAgent(nats.url, 'shop', [workload('orders-1', '10.0.0.1')]);
const bus = await operator(nats.url);
t.teardown(async () => {
  await agent.link.stop();
  control.kill('SIGKILL');
  await bus.close();
  await nats.dispose();
  await rm(directory, { recursive: true, force: true });
});

t.test('without control there is one sentence and status 1', async (t) => {
  const lonely = await startNatsServer();
  const { status, err } = await program(['status'], '', lonely.url);
  await lonely.dispose();
  t.equal(status, 1);
  t.equal(err, 'error: control is not running in the mesh "default"\nhint: start it with: towpath control\n');
});

t.test('without NATS there is one sentence and status 1', async (t) => {
  for (const args of [['status'], ['get', 'services'], ['apply', '-f', file('route.yaml')], ['delete', 'svc', 'x']]) {
    const { status, out, err } = await program(args, '', 'nats://127.0.0.1:1');
    t.equal(status, 1, args[0]);
    t.equal(out, '');
    t.match(err, /^error: no NATS server can be used at nats:\/\/127\.0\.0\.1:1 \(.*\)\nhint: start nats-server.*\n$/);
  }
  const { err } = await towpath(['status'], 'nats://bob:hunter2@127.0.0.1:1');
  t.match(err, /used at nats:\/\/\[secret\]@127\.0\.0\.1:1 /, 'and no password in it');
});

t.test('apply --wait returns when the agent runs it', async (t) => {
  await until('control answers', async () => (await towpath(['status'])).status === 0);
  agent.link.demand('shop/orders');
  const { status, out, err } = await program(['apply', '-f', file('orders.yaml'), '--wait']);
  t.equal(status, 0, err);
  t.equal(out, 'Service shop/orders created (generation 1)\nHTTPRoute shop/orders created (generation 1)\n');
  t.match(err, /^1\/1 agents run generation \d+\n$/);
});

t.test('apply refuses as a whole, with file, resource and field', async (t) => {
  const { status, out, err } = await program(['apply', '-f', file('bad.yaml')]);
  t.equal(status, 1);
  t.equal(out, '');
  t.match(
    err,
    /^error: .*bad\.yaml: HTTPRoute shop\/orders: spec\.rules\[0\]\.backendRefz: unknown field; did you mean "backendRefs"\?\n/,
  );
  t.match((await towpath(['get', 'httproute', 'fresh', '-n', 'shop'])).err, /HTTPRoute shop\/fresh does not exist/);
});

t.test('files that cannot be read or parsed, and wrong words, each get one sentence', async (t) => {
  for (const [args, status, sentence] of [
    [['apply', '-f', file('absent.yaml')], 1, /cannot read .*absent\.yaml: there is no such file/],
    [['apply', '-f', file('broken.yaml')], 1, /broken\.yaml: line \d+:\d+/],
    [['apply'], 2, /name at least one file with -f/],
    [
      ['apply', '-f', file('route.yaml'), '--timeout', 'soon'],
      2,
      /--timeout must be like 500ms, 10s or 2m, not "soon"/,
    ],
    [['get'], 2, /say which kind/],
    [['get', 'servise'], 2, /"servise" is no kind of resource; did you mean service\?/],
    [['get', 'svc', '-o', 'xml'], 2, /-o must be wide, yaml, json or name/],
    [['delete', 'svc'], 2, /say which/],
    [['delete', 'svc', 'absent'], 1, /Service default\/absent does not exist/],
    [['delete', '-f', file('broken.yaml')], 1, /broken\.yaml: line/],
    [['status', '--mesh', 'Not A Mesh'], 2, /the mesh name/],
    [['status', '--server', 'http://x'], 2, /is no NATS server/],
    [['control', '--replicas', '2'], 2, /--replicas must be auto, 1, 3 or 5/],
    [['control', '--http', 'nowhere'], 2, /--http must be ADDRESS:PORT/],
  ] as const) {
    const ran = await towpath(args);
    t.equal(ran.status, status, args.join(' '));
    t.match(ran.err, sentence);
    t.equal(ran.out, '');
  }
});

t.test('get shows a table, wide, YAML and JSON; its YAML can be applied again', async (t) => {
  const table = await program(['get', 'all']);
  t.match(table.out, /^NAMESPACE +KIND +NAME +GENERATION +ACCEPTED +PROGRAMMED +CREATED\n/);
  t.match(table.out, /shop +Service +orders +1 +True +True/);
  t.match((await towpath(['get', 'svc', '-o', 'wide'])).out, /MESSAGE/);
  const json = JSON.parse((await towpath(['get', 'svc', 'orders', '-n', 'shop', '-o', 'json'])).out);
  t.match(json, { kind: 'Service', metadata: { generation: 1 }, status: { conditions: [{ type: 'Accepted' }, {}] } });
  const yaml = (await towpath(['get', 'httproutes', '-n', 'shop', '-o', 'yaml'])).out;
  const again = await program(['apply', '-f', '-'], yaml);
  t.equal(again.out, 'HTTPRoute shop/orders unchanged (generation 1)\n', again.err);
  t.equal((await towpath(['get', 'svc', '-n', 'nowhere'])).err, 'no resources found\n');
});

t.test('a dry run says what would happen', async (t) => {
  const { out } = await towpath(['apply', '-f', file('route.yaml'), '--dry-run']);
  t.equal(out, 'HTTPRoute shop/orders updated (generation 2) (dry run)\n');
  t.match((await towpath(['apply', '-f', file('route.yaml'), '-o', 'json'])).out, /"outcome": "updated"/);
});

t.test('apply --wait names the agent that is missing, and the one that refuses', async (t) => {
  await bus
    .bucket('towpath_lease')
    .put('stuck', JSON.stringify({ version: '0.1.0', boot: 'x', ack: null, workloads: [] }));
  await sleep(50);
  const late = await towpath(['apply', '-f', file('orders.yaml'), '--wait', '--timeout', '300ms']);
  t.equal(late.status, 1);
  t.match(late.err, /1\/2 agents after 300 ms; missing: stuck\n/);
  await bus.bucket('towpath_lease').remove('stuck', null);
  agent.refuse = 'no memory left';
  const refused = await program(['apply', '-f', file('route.yaml'), '--wait']);
  t.equal(refused.status, 1);
  t.match(
    refused.err,
    /the agent of shop refuses generation \d+ and keeps what it had: svc\.shop\.orders: no memory left\n/,
  );
  const status = await towpath(['status']);
  t.equal(status.status, 1);
  t.match(status.out, /shop +ERROR/);
  t.match(await towpath(['status', '--check']), { status: 1, out: /^AGENT .*\nshop +ERROR.*\n$/ });
  agent.refuse = null;
  t.equal((await towpath(['apply', '-f', file('orders.yaml'), '--wait'])).status, 0);
});

t.test('status shows NATS, control and the agents', async (t) => {
  const { status, out } = await program(['status']);
  t.equal(status, 0);
  t.match(
    out,
    /^nats +127\.0\.0\.1:\d+ \(nats-server \d+\.\d+\.\d+\)\ncontrol +\d+\.\d+\.\d+, mesh default, epoch \d+, generation \d+\n/,
  );
  t.match(
    out,
    /AGENT +STATE +GENERATION +BEHIND +WORKLOADS +SERVICES +SEEN +VERSION\nshop +SYNCED +\d+\/\d+ +0 +1 +1 /,
  );
  t.match(out, /\nreplicas {2}cli leads\n/);
  t.same(await towpath(['status', '--check']), { status: 0, out: '', err: '' });
  t.match(JSON.parse((await towpath(['status', '-o', 'json'])).out), {
    mesh: 'default',
    controls: [{ id: 'cli', state: 'leads' }],
    agents: [{ host: 'shop' }, { host: 'stuck' }],
  });
});

t.test('delete by file and by name', async (t) => {
  const byFile = await program(['delete', '-f', file('route.yaml'), '--wait']);
  t.equal(byFile.out, 'HTTPRoute shop/orders deleted\n', byFile.err);
  t.equal((await towpath(['delete', 'service', 'orders', '-n', 'shop'])).out, 'Service shop/orders deleted\n');
  t.equal((await towpath(['get', 'all'])).err, 'no resources found\n');
});

t.test('a killed control is replaced by the next one of the same name at once, with nothing lost', async (t) => {
  await towpath(['apply', '-f', file('orders.yaml')]);
  const holder = async (): Promise<string> =>
    Buffer.from((await bus.bucket('towpath_lock').get('leader'))?.data ?? []).toString();
  const before = await holder();
  control.kill('SIGKILL');
  control = start(CONTROL);
  const seen = new Set([before]);
  await until('it has the lock', async () => seen.add(await holder()).size > 1);
  t.notOk(seen.has(''), 'the lock was taken over, and not free meanwhile');
  await until('it answers', async () => (await towpath(['status'])).status === 0);
  t.match((await towpath(['get', 'all'])).out, /shop +HTTPRoute +orders/);
});

t.test('control ends on SIGTERM and gives the lock back', async (t) => {
  const ended = new Promise((resolve) => control.once('exit', (code) => resolve(code)));
  control.kill('SIGTERM');
  t.equal(await ended, 0);
  t.equal((await bus.bucket('towpath_lock').get('leader'))?.deleted, true);
});
