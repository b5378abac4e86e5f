/** `towpath tap` with a real server, and agents whose data threads write what the test says. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { TapDesk } from '../../src/agent/records/tap-desk.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { NO_RULES, type TapRules } from '../../src/contract/telemetry-rules.ts';
import { RecordFeed } from '../../src/telemetry/records/record-feed.ts';
import { makeRing } from '../../src/telemetry/records/record-ring.ts';
import { recordingIo } from '../helpers/recording-io.ts';
import { type WrittenRecord, writingRecords } from '../helpers/write-records.ts';
import { operator, startAgent, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();

/** An agent with a ring in place of its data threads. */
function startTapped(host: string) {
  const ring = makeRing(1 << 20);
  const feed = new RecordFeed(ring);
  const rules: (TapRules | null)[] = [];
  const desk = new TapDesk(
    { host, caller: `host:${host}` },
    () => feed.dropped,
    async (wanted) => void rules.push(wanted),
  );
  const write = writingRecords(ring, { ...NO_RULES, tap: { outbound: true, inbound: true, services: null } });
  const agent = startAgent(nats.url, host);
  const read = (): number => feed.read((view) => desk.take(view));
  agent.tap = async (request, say) => {
    read();
    await desk.ask(request, say);
  };
  const pass = (...records: readonly WrittenRecord[]): void => {
    for (const record of records) write(record);
    read();
  };
  return { link: agent.link, rules, pass };
}

const agents = { a: startTapped('a'), b: startTapped('b') };
await until('both agents listen', () => Object.values(agents).every(({ link }) => link.stats().connected));
t.teardown(async () => {
  for (const { link } of Object.values(agents)) await link.stop();
  await nats.dispose();
});

function startTap(...args: readonly string[]) {
  const { io, written } = recordingIo({ TOWPATH_NATS_SERVERS: nats.url });
  const ended = runCli(['tap', ...args], io);
  const records = (): { readonly [name: string]: unknown }[] =>
    written.out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return { written, ended, records };
}

const ORDERS: WrittenRecord = { service: 'shop/orders' };
const BROKEN: WrittenRecord = { ...ORDERS, status: 503, flag: 'UF', detail: 'it refused the connection' };
const isOff = ({ rules }: { readonly rules: readonly (TapRules | null)[] }): boolean => rules.at(-1) === null;

t.test('what matches at any agent is shown until enough was; then nothing is recorded any more', async (t) => {
  const tap = startTap('orders', '-n', 'shop', '--status', '5xx', '--limit', '5', '-o', 'json');
  await until('both agents tell', () => tap.written.err.includes('2 agents tell what passes'));
  t.same(agents.a.rules, [{ outbound: true, inbound: false, services: ['shop/orders'] }]);
  agents.a.pass(ORDERS, BROKEN, { ...BROKEN, service: 'shop/cart' }, BROKEN);
  agents.b.pass({ ...BROKEN, side: 'inbound' }, BROKEN, ORDERS);
  await until('three lines', () => tap.records().length >= 3);
  await sleep(2_500); // It has asked again meanwhile.
  agents.b.pass(BROKEN, BROKEN, BROKEN);
  t.equal(await tap.ended, 0);
  const by = (host: string): number => tap.records().filter((record) => record['host'] === host).length;
  t.same([by('a'), by('b')], [2, 3]);
  t.match(tap.records()[0], { caller: /^host:[ab]$/, service: 'shop/orders', status: 503, flag: 'UF' });
  t.match(tap.written.err, /\n5 shown\n$/);
  t.ok(Object.values(agents).every(isOff));
});

t.test('one host, as text, for a time', async (t) => {
  const tap = startTap('host:a', '--for', '1s');
  await until('the agent tells', () => tap.written.err.includes('1 agent tells what passes'));
  agents.a.pass(BROKEN);
  agents.b.pass(BROKEN);
  t.equal(await tap.ended, 0);
  t.match(
    tap.written.out,
    /^[\d:.]{12} {2}503 UF +[\d.]+m?s {2}host:a -> shop\/orders {2}GET orders\/a {2}it refused the connection \(towpath why [0-9a-z]+-1\)\n$/,
  );
  t.match(tap.written.err, /\n1 shown\n$/);
  t.match(await startTap('host:nobody').ended, 1);
});

t.test('Ctrl-C ends it well, and its agents with it', async (t) => {
  const towpath = new URL('../../bin/towpath', import.meta.url).pathname;
  const tap = spawn(towpath, ['tap', '--host', 'b'], { env: { ...process.env, TOWPATH_NATS_SERVERS: nats.url } });
  const said = { out: '', err: '' };
  tap.stdout.on('data', (text: Buffer) => {
    said.out += text;
  });
  tap.stderr.on('data', (text: Buffer) => {
    said.err += text;
  });
  const closed = once(tap, 'close');
  await until('the agent tells', () => said.err.includes('1 agent tells what passes'));
  agents.b.pass(ORDERS);
  await until('a line', () => said.out.includes('\n'));
  agents.b.pass(BROKEN);
  tap.kill('SIGINT');
  t.same(await closed, [0, null]);
  t.match(said.out, /^[^\n]+ 200 [^\n]+\n[^\n]+ 503 UF [^\n]+\n$/, 'the last of it came with the end');
  t.notMatch(said.out, /\p{Cc}(?!$)(?<!\n)/u, 'no colours: this is no terminal');
  t.match(said.err, /\n2 shown\n$/);
  t.ok(isOff(agents.b));
});

t.test('whoever goes away without a word is forgotten with the lease; nonsense is refused', async (t) => {
  const bus = await operator(nats.url);
  const said: string[] = [];
  const ask = (body: string): Promise<void> =>
    bus.requestEach('towpath.v1.default.agent.a.tap', body, 500, (reply) => said.push(reply.text()));
  await ask('{"tap":"gone","leaseMs":300}');
  t.match(said.splice(0), [/"state":"began"/, /"state":"ended"/]);
  await until('nothing is recorded', () => isOff(agents.a));
  await ask('{"tap":"x","filter":{"what":1}}');
  t.match(said.splice(0), [/"state":"refused".*filter\.what/]);
  bus.publish('towpath.v1.default.agents.tap', '{"tap":"nobody-hears"}');
  await bus.flush();
  await ask('{"tap":"y","leaseMs":0}');
  t.ok(isOff(agents.a), 'without a reply subject there is no tap');
  await bus.close();
});

t.test('without a connection there is no tap', async (t) => {
  const tap = startTap();
  await until('both agents tell', () => tap.written.err.includes('2 agents tell what passes'));
  await nats.kill();
  t.equal(await tap.ended, 1);
  t.match(tap.written.err, /error: the connection to NATS was lost\n/);
});
