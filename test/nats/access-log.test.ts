/** Access logs through the stream TOWPATH_LOG on a real server, and on to a log system. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { keysOf, MAX_BATCH_BYTES, withTraceKeys } from '../../src/contract/log-batch.ts';
import { DEFAULT_JSON, parseJsonFormat } from '../../src/contract/log-format.ts';
import type { RunningControl } from '../../src/control/main.ts';
import { StreamSink } from '../../src/telemetry/sinks/stream-sink.ts';
import { parseExposition } from '../helpers/parse-exposition.ts';
import { operator, startAgent, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

t.setTimeout(150_000);
const format = parseJsonFormat(DEFAULT_JSON);
if (!format.ok) throw new Error('the default format is none');
const SOURCE = { service: 'shop/web', version: '1.2.3', keys: keysOf(withTraceKeys(format.value)) };
const STREAM = 'TOWPATH_LOG';

const nats = await startNatsServer();
const bus = await operator(nats.url);
t.teardown(() => bus.close());
t.teardown(() => nats.dispose());

/** A line as an agent writes it; `n` is in its trace id. */
function line(n: number): Buffer {
  const traceId = n.toString(16).padStart(32, '0');
  return Buffer.from(
    `${JSON.stringify({ start_time: new Date().toISOString(), response_code: 200, trace_id: traceId })}\n`,
  );
}

/** A log system; `answer` says what it says to each request. */
async function logSystem(answer: () => number) {
  const seen: { traceId: string; host: string; service: string }[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      requests++;
      const status = answer();
      if (status === 200) seen.push(...readBody(text));
      response.writeHead(status).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`;
  return { url, seen, requests: () => requests, close: () => server.close() };
}

interface Body {
  readonly resourceLogs: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { stringValue: string } }[];
    };
    readonly scopeLogs: readonly { readonly logRecords: readonly { readonly traceId: string }[] }[];
  }[];
}

function readBody(text: string) {
  return (JSON.parse(text) as Body).resourceLogs.flatMap(({ resource, scopeLogs }) => {
    const says = (name: string): string => resource.attributes.find(({ key }) => key === name)?.value.stringValue ?? '';
    const whose = { host: says('host.name'), service: says('service.name') };
    return scopeLogs.flatMap(({ logRecords }) => logRecords.map(({ traceId }) => ({ traceId, ...whose })));
  });
}

const last = async (): Promise<number> =>
  (
    await bus
      .records(STREAM)
      .range()
      .catch(() => null)
  )?.last ?? 0;
const leading = (logs: string | null, id = 'test'): Promise<RunningControl> =>
  startControl(nats.url, id, 1_000, null, { otlpLogs: logs });

async function metric(control: RunningControl, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${control.httpPort}/metrics`)).text();
  return Number(parseExposition(text).get(name)?.samples[0]?.value ?? Number.NaN);
}

t.test('lines wait for the stream that control makes; then they lie in it, in batches', async (t) => {
  const agent = startAgent(nats.url, 'web-01');
  t.teardown(() => agent.link.stop());
  const sink = new StreamSink(MAX_BATCH_BYTES, 50);
  sink.use(agent.link.logs(SOURCE));
  for (let n = 0; n < 100; n++) sink.write(line(n), 1);
  await until('the reason', () => sink.counts().problem === 'the mesh has no stream for access logs');
  const control = await leading(null);
  t.teardown(() => control.stop());
  await until('all of them', () => sink.counts().written === 100, 30_000);
  t.same(sink.counts(), { written: 100, dropped: 0, problem: '' });
  t.ok((await last()) < 5, 'never a message for each');
  const stored: string[] = [];
  for (let n = 1; n <= (await last()); n++)
    stored.push(
      ...Buffer.from((await bus.records(STREAM).read(n))?.data ?? '')
        .toString()
        .trim()
        .split('\n'),
    );
  t.same(
    stored.map((one) => Number.parseInt(JSON.parse(one).trace_id, 16)),
    Array.from({ length: 100 }, (_, n) => n),
  );
  t.ok(Number.isNaN(await metric(control, 'towpath_control_log_records_exported_total')), 'nobody asked for it');
  await sink.close(1_000);
});

t.test('they are handed on, each once, whatever becomes of the log system meanwhile', async (t) => {
  let status = 503;
  const system = await logSystem(() => status);
  t.teardown(() => system.close());
  const control = await leading(system.url);
  t.teardown(() => control.stop());
  const agents = ['web-01', 'web-02'].map((host) => startAgent(nats.url, host));
  for (const { link } of agents) t.teardown(() => link.stop());
  const sinks = agents.map(({ link }) => {
    const sink = new StreamSink(MAX_BATCH_BYTES, 20);
    sink.use(link.logs(SOURCE));
    return sink;
  });
  await until('it is tried', () => system.requests() > 1, 30_000);
  for (let n = 100; n < 1_100; n++) sinks[n % 2]?.write(line(n), 1);
  await until('the stream has them', () => sinks.every((one) => one.counts().written === 500));
  t.equal(system.seen.length, 0);
  await until('control says so', async () => (await metric(control, 'towpath_control_log_export_retries_total')) > 1);
  status = 200;
  await until('all of them', () => system.seen.length >= 1_100, 60_000);
  const ids = system.seen.map(({ traceId }) => Number.parseInt(traceId, 16)).sort((a, b) => a - b);
  t.same(
    ids,
    Array.from({ length: 1_100 }, (_, n) => n),
    'those of before, too',
  );
  t.same(
    new Set(system.seen.map(({ host, service }) => `${host} ${service}`)),
    new Set(['web-01 shop/web', 'web-02 shop/web']),
  );
  await until('the count', async () => (await metric(control, 'towpath_control_log_records_exported_total')) === 1_100);
  status = 400;
  sinks[0]?.write(line(1), 1);
  await until(
    'a refusal is final',
    async () => (await metric(control, 'towpath_control_log_records_dropped_total')) === 1,
    30_000,
  );
  bus.publish('towpath.v1.default.log.web-01', 'nonsense');
  await until(
    'nonsense is dropped',
    async () => (await metric(control, 'towpath_control_log_records_dropped_total')) === 2,
    30_000,
  );
  for (const sink of sinks) await sink.close(1_000);
});

t.test('another control goes on where the first one was', async (t) => {
  const system = await logSystem(() => 200);
  t.teardown(() => system.close());
  const agent = startAgent(nats.url, 'web-01');
  t.teardown(() => agent.link.stop());
  const sink = new StreamSink(MAX_BATCH_BYTES, 20);
  sink.use(agent.link.logs(SOURCE));
  const first = await leading(system.url, 'one');
  const second = await leading(system.url, 'two');
  t.teardown(() => second.stop());
  sink.write(line(1), 1);
  await until('the first', () => system.seen.length === 1, 30_000);
  await first.stop();
  sink.write(line(2), 1);
  await until('the second', () => system.seen.length === 2, 30_000);
  await sleep(1_500);
  t.same(
    system.seen.map(({ traceId }) => Number.parseInt(traceId, 16)),
    [1, 2],
    'nothing comes twice',
  );
  await sink.close(1_000);
});

t.test('a server that is away costs lines, never memory, and nobody waits', async (t) => {
  const control = await leading(null);
  t.teardown(() => control.stop());
  const agent = startAgent(nats.url, 'web-01');
  t.teardown(() => agent.link.stop());
  const sink = new StreamSink(MAX_BATCH_BYTES, 20);
  sink.use(agent.link.logs(SOURCE));
  sink.write(line(1), 1);
  await until('the way', () => sink.counts().written === 1);
  await nats.kill();
  await until('the agent knows', () => !agent.link.stats().connected);
  const portion = Buffer.alloc(100_000, `${'x'.repeat(99)}\n`);
  const before = performance.now();
  for (let i = 0; i < 200; i++) sink.write(portion, 1_000);
  t.ok(performance.now() - before < 2_000, 'it never waits');
  t.equal(sink.counts().dropped, (200 - Math.floor((8 * 1024 * 1024) / portion.length)) * 1_000);
  await nats.restart('kept');
  await until('what waited', () => sink.counts().written + sink.counts().dropped === 200_001, 60_000);
  t.match(sink.counts(), { problem: '' });
  await sink.close(1_000);
});
