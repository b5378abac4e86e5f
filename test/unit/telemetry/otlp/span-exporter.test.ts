import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { z } from 'zod';
import { AgentRecords } from '../../../../src/agent/records/agent-records.ts';
import { NO_RULES } from '../../../../src/contract/telemetry-rules.ts';
import { Exemplars } from '../../../../src/telemetry/exemplars.ts';
import { SpanExporter } from '../../../../src/telemetry/otlp/span-exporter.ts';
import { RecordFeed, RecordFeeds } from '../../../../src/telemetry/records/record-feed.ts';
import { makeRing } from '../../../../src/telemetry/records/record-ring.ts';
import { address, ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { startWatch } from '../../../helpers/stopwatch.ts';
import { writingRecords } from '../../../helpers/write-records.ts';

const attribute = z.strictObject({
  key: z.string().min(1),
  value: z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ intValue: z.string().regex(/^\d+$/) }),
  ]),
});
const nanos = z.string().regex(/^\d{19}$/);
/** As opentelemetry-proto has it, and nothing else: a collector ignores what it does not know. */
const spanSchema = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().regex(/^([0-9a-f]{16})?$/),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes: z.array(attribute),
  events: z.array(z.strictObject({ timeUnixNano: nanos, name: z.string(), attributes: z.array(attribute) })),
  status: z.strictObject({ code: z.literal(2).optional(), message: z.string().optional() }),
});
const scope = z.strictObject({ name: z.string(), version: z.string() });
const requestSchema = z.strictObject({
  resourceSpans: z
    .array(
      z.strictObject({
        resource: z.strictObject({ attributes: z.array(attribute) }),
        scopeSpans: z.array(z.strictObject({ scope, spans: z.array(spanSchema).min(1) })).length(1),
      }),
    )
    .min(1),
});

interface Seen extends z.infer<typeof spanSchema> {
  readonly service: string;
  readonly says: Readonly<Record<string, string>>;
}

/** A strict receiver of OTLP over HTTP. */
async function receiver(t: Test, answer: (n: number) => [status: number, body: string] = () => [200, '{}']) {
  const spans: Seen[] = [];
  let requests = 0;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const [status, body] = answer(requests++);
      if (status === 200) spans.push(...read(text));
      t.equal(request.headers['content-type'], 'application/json');
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  return { url, spans, requests: () => requests };
}

function read(text: string): Seen[] {
  return requestSchema.parse(JSON.parse(text)).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        service: flat(resource.attributes)['service.name'] ?? '',
        says: flat(span.attributes),
      })),
    ),
  );
}

function flat(attributes: readonly z.infer<typeof attribute>[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, 'stringValue' in value ? value.stringValue : value.intValue]),
  );
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > limit) throw new Error(`timed out: ${what}`);
    await sleep(5);
  }
}

const SOURCE = { host: 'shop-01', version: '1.2.3', workloads: ['shop/web'] };
const TRACED = { log: null, trace: { index: 0, percent: 100, reports: true } };
const NO_LOG = {
  stdout: false,
  file: null,
  stream: false,
  format: 'json',
  text: null,
  json: null,
  percent: 100,
  slowMs: null,
  directions: ['inbound'],
} as const;

function recordsOf(ring: SharedArrayBuffer, endpoint: string, exemplars = new Exemplars()): AgentRecords {
  const feeds = new RecordFeeds();
  feeds.add(new RecordFeed(ring));
  return new AgentRecords(
    SOURCE,
    { accessLog: NO_LOG, tracing: { endpoint, percent: 100 } },
    feeds,
    exemplars,
    async () => {},
  );
}

t.test('spans of both hops arrive, each under the one before', async (t) => {
  const { url, spans } = await receiver(t);
  const rigs = [new ProxyRig(), new ProxyRig()] as const;
  const [caller, called] = rigs;
  const records = rigs.map(({ ring }) => recordsOf(ring, url));
  for (const { context } of rigs)
    context.journal.setRules({ ...NO_RULES, number: 1, outbound: TRACED, inbound: { '': TRACED } });
  let heard = '';
  const { port } = await called.serve((socket) =>
    socket.on('data', (data) => {
      heard = data.toString('latin1');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }),
  );
  called.side = 'inbound';
  called.destination = address('127.0.0.1', port);
  const ports = [{ name: 'http', port, protocol: 'http1' as const }];
  called.context.table.setInbound([{ namespace: 'shop', name: 'orders', ports }]);
  caller.service(serviceView([called.port], { protocol: 'http1' }));
  const client = await caller.client();
  const program = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
  client.send(`GET /a?b=c HTTP/1.1\r\nHost: orders\r\ntraceparent: 00-${program}-01\r\ntracestate: k=v\r\n\r\n`);
  await caller.until(() => client.text.endsWith('ok'), 'the answer');
  for (const one of records) await one.stop();
  const [out, within] = [spans.find(({ kind }) => kind === 3), spans.find(({ kind }) => kind === 2)];
  t.equal(spans.length, 2);
  t.equal(`${out?.traceId}-${out?.parentSpanId}`, program);
  t.equal(within?.traceId, out?.traceId);
  t.equal(within?.parentSpanId, out?.spanId);
  t.match(heard, new RegExp(`traceparent: 00-${out?.traceId}-${within?.spanId}-01`));
  t.match(heard, /tracestate: k=v/);
  t.match(out, { service: 'shop/web', name: 'GET shop/orders', status: {} });
  t.match(within, { service: 'shop/orders', name: 'GET shop/orders' });
  t.match(out?.says, {
    'http.request.method': 'GET',
    'url.path': '/a',
    'url.query': 'b=c',
    'http.response.status_code': '200',
    'http.response.body.size': '2',
    'network.peer.port': String(called.port),
    'towpath.direction': 'outbound',
    'towpath.cluster': 'shop/orders:80',
  });
  t.ok(BigInt(out?.startTimeUnixNano ?? 0) <= BigInt(within?.startTimeUnixNano ?? 0) + 5_000_000n);
  for (const rig of rigs) t.same((await rig.end()).errors, []);
});

t.test('failures are errors, with the tries before; an example of each bucket is kept for metrics', async (t) => {
  const { url, spans } = await receiver(t);
  const ring = makeRing(1 << 16);
  const exemplars = new Exemplars();
  const records = recordsOf(ring, url, exemplars);
  const write = writingRecords(ring, { ...NO_RULES, outbound: TRACED });
  write({ flag: 'UF', status: 503, detail: 'it refused the connection', service: 'shop/orders', attempts: 3 });
  write({ status: 404 });
  write({ status: 200, grpcStatus: 5 });
  write({ side: 'inbound', status: 200 });
  await records.stop();
  t.match(spans, [
    {
      status: { code: 2, message: 'it refused the connection' },
      says: { 'error.type': 'UF', 'http.request.resend_count': '2' },
    },
    { status: { code: 2 } },
    { status: { code: 2 } },
  ]);
  t.equal(spans.length, 3, 'nothing of what is not traced');
  t.match(records.counts().spans, { sent: 3, dropped: 0, problem: '' });
});

t.test('a collector that is away costs spans, never memory; it is tried again', async (t) => {
  let isAway = true;
  const { url, spans } = await receiver(t, () => (isAway ? [503, ''] : [200, '{}']));
  const ring = makeRing(1 << 20);
  const feed = new RecordFeed(ring);
  const write = writingRecords(ring, { ...NO_RULES, outbound: TRACED });
  const exporter = new SpanExporter(url, { host: 'h', version: '1', service: 's' }, 10);
  let made = 0;
  const make = (count: number): void => {
    for (let i = 0; i < count; i++, made++) {
      write({});
      if (i % 500 === 0) feed.read((view) => exporter.take(view));
    }
    feed.read((view) => exporter.take(view));
    exporter.flush();
  };
  make(1);
  await until('a refusal', () => exporter.counts().problem !== '');
  make(6_000);
  t.match(exporter.counts(), { sent: 0, problem: 'the collector answers 503' });
  t.equal(exporter.counts().dropped, made - 4_096, 'so many wait, and no more');
  isAway = false;
  await until('all that waited', () => exporter.counts().sent === 4_096);
  t.equal(spans.length, 4_096);
  t.equal(new Set(spans.map(({ spanId }) => spanId)).size, 4_096, 'each once');
  await exporter.close(1_000);
});

t.test('what a collector refuses is not sent again, and what it rejects is counted', async (t) => {
  const answers: [number, string][] = [
    [400, 'no'],
    [200, '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}'],
  ];
  const { url, requests } = await receiver(t, (n) => answers[n] ?? [200, '']);
  const ring = makeRing(1 << 16);
  const feed = new RecordFeed(ring);
  const write = writingRecords(ring, { ...NO_RULES, outbound: TRACED });
  const exporter = new SpanExporter(url, { host: 'h', version: '1', service: 's' }, 1);
  for (const [n, counts] of [
    [3, { sent: 0, dropped: 3 }],
    [3, { sent: 1, dropped: 5 }],
    [3, { sent: 4, dropped: 5 }],
  ] as const) {
    const before = requests();
    for (let i = 0; i < n; i++) write({});
    feed.read((view) => exporter.take(view));
    exporter.flush();
    await until(
      'the delivery',
      () => requests() > before && exporter.counts().sent + exporter.counts().dropped === counts.sent + counts.dropped,
    );
    t.match(exporter.counts(), counts);
  }
  await exporter.close(100);
});

t.test('an end does not wait for a collector that is not there', async (t) => {
  const ring = makeRing(1 << 16);
  const feed = new RecordFeed(ring);
  writingRecords(ring, { ...NO_RULES, outbound: TRACED })({});
  const exporter = new SpanExporter('http://127.0.0.1:1/v1/traces', { host: 'h', version: '1', service: 's' }, 1);
  feed.read((view) => exporter.take(view));
  exporter.flush();
  await until('the refusal', () => exporter.counts().problem !== '');
  const watch = startWatch();
  await exporter.close(1_000);
  t.ok(watch.quietMs() < 900);
  t.equal(exporter.counts().dropped, 1);
});
