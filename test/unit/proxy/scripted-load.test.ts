/** A load with known numbers: everything that is counted of it is compared at once, so that nothing can be counted twice, or besides. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeReports } from '../../../src/agent/metric-report.ts';
import { AgentRecords } from '../../../src/agent/records/agent-records.ts';
import { parseAgentConfig } from '../../../src/config/parse-agent-config.ts';
import { requestCounts } from '../../../src/telemetry/counted-series.ts';
import { Exemplars } from '../../../src/telemetry/exemplars.ts';
import { istioSamples } from '../../../src/telemetry/istio-metrics.ts';
import type { Sample } from '../../../src/telemetry/metric.ts';
import { RecordFeed, RecordFeeds } from '../../../src/telemetry/records/record-feed.ts';
import { ProxyRig, type RigClient } from '../../helpers/proxy-rig.ts';
import { check, ruledService } from './support/http2-rig.ts';

const answer = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const OK = answer('200 OK', 'x'.repeat(3000));
const BROKEN = answer('500 Broken', 'sorry');
const BUSY = answer('503 Busy', '');
const ask = (path: string, body = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: orders.shop\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** How many of each; few enough retries for every budget. */
const SCRIPT = { ok: 40, broken: 15, retried: 6, exhausted: 3, reset: 5, aborted: 4 } as const;
const ALL = Object.values(SCRIPT).reduce((a, b) => a + b, 0);

/** Sums of `name`, by the labels in `by`, without those that are 0. */
function sums(samples: readonly Sample[], name: string, ...by: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { name: other, labels, value } of samples) {
    if (other !== name || value === 0) continue;
    const key = by.map((label) => labels[label] ?? '-').join(' ');
    found[key] = (found[key] ?? 0) + value;
  }
  return found;
}

/** What the JSON log says of one request. */
interface Line {
  readonly path: string;
  readonly code: number;
  readonly flag: string;
  readonly attempts: number;
  /** Bytes of bodies. */
  readonly received: number;
  readonly sent: number;
}

const ENDINGS: Readonly<Record<string, Pick<Line, 'code' | 'flag' | 'attempts'>>> = {
  '/ok': { code: 200, flag: '', attempts: 1 },
  '/broken': { code: 500, flag: '', attempts: 1 },
  '/retried': { code: 200, flag: '', attempts: 2 },
  '/exhausted': { code: 503, flag: 'URX', attempts: 2 },
  '/reset': { code: 503, flag: 'UC', attempts: 1 },
  '/silence': { code: 0, flag: 'DC', attempts: 1 },
};

function expectedLine(request: string, sent: number): Line {
  const [path = ''] = request.split(' ').slice(1);
  const ending = ENDINGS[path] ?? { code: -1, flag: '', attempts: 0 };
  return { path, ...ending, received: request.length - request.indexOf('\r\n\r\n') - 4, sent };
}

/** The access log of an agent whose data thread the rig is. */
function startLog(rig: ProxyRig, file: string): AgentRecords {
  const json = `{path: '%REQ(:PATH)%', code: '%RESPONSE_CODE%', flag: '%RESPONSE_FLAGS%', attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
    received: '%BYTES_RECEIVED%', sent: '%BYTES_SENT%', service: '%TOWPATH(service)%', route: '%ROUTE_NAME%'}`;
  const config = parseAgentConfig({ name: '', text: `accessLog: {file: ${file}, json: ${json}}` }, {}, 'shop-01');
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const feeds = new RecordFeeds();
  feeds.add(new RecordFeed(rig.ring));
  const source = { host: 'shop-01', version: '1.2.3', workloads: [] };
  const records = new AgentRecords(source, config.value, feeds, new Exemplars(), async () => {});
  rig.context.journal.setRules(records.rules);
  return records;
}

t.test('successes, failures, retries, resets and bytes', async (t) => {
  const rig = new ProxyRig();
  const file = join(t.testdir({}), 'access.log');
  const log = startLog(rig, file);
  const expected: Line[] = [];
  let busy = 0;
  const { port } = await rig.serve((socket) =>
    socket.on('data', (chunk) => {
      const path = chunk.toString('latin1').split(' ', 2)[1];
      if (path === '/ok') socket.write(OK);
      else if (path === '/broken') socket.write(BROKEN);
      else if (path === '/retried') socket.write(busy++ % 2 === 0 ? BUSY : OK);
      else if (path === '/exhausted') socket.write(BUSY);
      else if (path === '/reset') socket.resetAndDestroy();
    }),
  );
  rig.service(ruledService([port], { retry: { attempts: 1, codes: [503] } }, {}, 'http1'));
  const bytes = { sent: 0, received: 0 };
  const asked = async (client: RigClient, text: string): Promise<void> => {
    client.clear();
    client.send(text);
    await rig.until(() => /\r\n\r\n/.test(client.text) && isWhole(client.text), `the answer to ${text.slice(0, 20)}`);
    bytes.sent += text.length;
    bytes.received += client.bytes;
    expected.push(expectedLine(text, bodyOf(client.text).length));
  };
  const client = await rig.client();
  for (let i = 0; i < SCRIPT.ok; i++) await asked(client, ask('/ok', 'y'.repeat(i * 10)));
  for (let i = 0; i < SCRIPT.broken; i++) await asked(client, ask('/broken'));
  for (let i = 0; i < SCRIPT.retried; i++) await asked(client, ask('/retried'));
  for (let i = 0; i < SCRIPT.exhausted; i++) await asked(client, ask('/exhausted'));
  for (let i = 0; i < SCRIPT.reset; i++) await asked(client, ask('/reset'));
  client.socket.end();
  for (let i = 0; i < SCRIPT.aborted; i++) {
    const impatient = await rig.client();
    impatient.send(ask('/silence'));
    bytes.sent += ask('/silence').length;
    expected.push(expectedLine(ask('/silence'), 0));
    await rig.until(() => [...rig.context.outbound.all()].some(({ active }) => active > 0), 'the request is under way');
    impatient.socket.resetAndDestroy();
    await rig.until(() => rig.closed.length === i + 1 + Number(client.closed), 'its end');
  }
  await rig.until(() => rig.closed.length === SCRIPT.aborted + 1, 'the end of all connections');

  const series = rig.counted();
  const host = { mesh: 'default', workloads: [], isService: () => true };
  const samples = [...rig.samples(), ...istioSamples(host, requestCounts(series), series)];
  const { ok, broken, retried, exhausted, reset, aborted } = SCRIPT;
  const endings = { 200: ok + retried, 500: broken, '503 URX': exhausted, '503 UC': reset, '0 DC': aborted };
  const trimmed = Object.entries(sums(samples, 'towpath_requests_total', 'code', 'flags'));
  t.same(Object.fromEntries(trimmed.map(([key, value]) => [key.trim(), value])), endings);
  t.same(sums(samples, 'towpath_requests_total', 'side', 'service', 'route', 'protocol'), {
    'outbound shop/orders shop/r/0 http1': ALL,
  });
  t.same(sums(samples, 'towpath_retries_total', 'cluster', 'reason', 'result'), {
    'shop/orders:80 status sent': retried + exhausted,
    'shop/orders:80 status exhausted': exhausted,
  });
  t.same(sums(samples, 'http_client_request_duration_seconds_count', 'http_response_status_code', 'error_type'), {
    '200 -': ok + retried,
    '500 500': broken,
    '503 URX': exhausted,
    '503 UC': reset,
    '- DC': aborted,
  });
  t.same(sums(samples, 'istio_requests_total', 'reporter', 'response_code', 'response_flags'), {
    'source 200 -': ok + retried,
    'source 500 -': broken,
    'source 503 URX': exhausted,
    'source 503 UC': reset,
    'source 0 DC': aborted,
  });
  for (const name of ['towpath_request_duration_seconds', 'towpath_request_bytes', 'towpath_response_bytes'])
    t.same(sums(samples, `${name}_count`, 'service'), { 'shop/orders': ALL }, name);
  t.same(sums(samples, 'istio_request_duration_milliseconds_count'), { '': ALL });
  for (const name of [
    'towpath_request_bytes_sum',
    'istio_request_bytes_sum',
    'towpath_connection_received_bytes_total',
  ])
    t.same(sums(samples, name), { '': bytes.sent }, name);
  for (const name of ['towpath_response_bytes_sum', 'istio_response_bytes_sum', 'towpath_connection_sent_bytes_total'])
    t.same(sums(samples, name), { '': bytes.received }, name);
  t.same(sums(samples, 'towpath_connections_opened_total'), { '': aborted + 1 });
  t.same(sums(samples, 'towpath_connections_closed_total', 'verdict', 'ending'), {
    'http1 closed': 1,
    'http1 reset': aborted,
  });
  const [report] = makeReports({ boot: 'b', startedMs: 0, uptimeMs: 1, sequence: 1 }, 'shop/web', series);
  t.match(report?.requests, [
    {
      caller: 'shop/web',
      service: 'shop/orders',
      route: 'shop/r/0',
      endings: { '200  ': ok + retried, '500  ': broken, '503 URX ': exhausted, '503 UC ': reset, '0 DC ': aborted },
      requestBytes: bytes.sent,
      responseBytes: bytes.received,
    },
  ]);
  t.equal(report?.requests.length, 1);

  await log.stop();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  t.equal(lines.length, ALL, 'a line for each request, and none besides');
  t.same(
    lines.map((line) => JSON.parse(line)),
    expected.map((line) => ({ ...line, flag: line.flag || null, service: 'shop/orders', route: 'shop/r/0' })),
  );
  t.match(log.counts(), { dropped: 0, sinks: [{ name: 'file', written: ALL, dropped: 0 }] });
  await check(t, rig);
});

/** Whether the answer has the body that its head promises. */
function isWhole(text: string): boolean {
  const [head = ''] = text.split('\r\n\r\n');
  return bodyOf(text).length === Number(/content-length: (\d+)/i.exec(head)?.[1]);
}

function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}
