import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { AgentRecords } from '../../../../src/agent/records/agent-records.ts';
import { telemetryRules } from '../../../../src/agent/records/telemetry-rules.ts';
import { parseAgentConfig } from '../../../../src/config/parse-agent-config.ts';
import type { LogSource } from '../../../../src/contract/log-batch.ts';
import { NO_RULES } from '../../../../src/contract/telemetry-rules.ts';
import { Exemplars } from '../../../../src/telemetry/exemplars.ts';
import { RecordFeed, RecordFeeds } from '../../../../src/telemetry/records/record-feed.ts';
import { makeRing } from '../../../../src/telemetry/records/record-ring.ts';
import { writingRecords } from '../../../helpers/write-records.ts';

const SOURCE = { host: 'shop-01', version: '1.2.3', workloads: ['shop/web'] };

function settings(yaml: string) {
  const parsed = parseAgentConfig({ name: '', text: yaml }, {}, 'shop-01');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

t.test('what failed is known the moment it is asked for; the rest is not kept', async (t) => {
  const feeds = new RecordFeeds();
  const ring = makeRing(1 << 16);
  feeds.add(new RecordFeed(ring));
  const records = new AgentRecords(SOURCE, settings(''), feeds, new Exemplars(), async () => {});
  t.same(records.rules, NO_RULES, 'nothing is recorded of what goes well');
  const write = writingRecords(ring);
  const failed = write({ flag: 'UF', detail: 'it refused the connection' });
  const fine = write({ flag: '' });
  t.match(records.why(failed), [{ host: 'shop-01', flag: 'UF', sentence: 'it refused the connection' }]);
  t.same(records.why(fine), []);
  t.same(records.counts(), { dropped: 0, sinks: [], spans: null });
  await records.stop();
});

t.test('requests are logged into a file, and counted', async (t) => {
  const file = join(t.testdir({}), 'access.log');
  const { accessLog, tracing } = settings(
    `accessLog: {file: ${file}, json: {code: '%RESPONSE_CODE%', agent: '%REQ(USER-AGENT)%'}}`,
  );
  const feeds = new RecordFeeds();
  const ring = makeRing(1 << 16);
  feeds.add(new RecordFeed(ring));
  const records = new AgentRecords(SOURCE, { accessLog, tracing }, feeds, new Exemplars(), async () => {});
  const write = writingRecords(ring, records.rules);
  const head = 'GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: curl\r\n\r\n';
  for (let i = 0; i < 100; i++) write({ head, status: 200 + i });
  await records.stop();
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  t.equal(lines.length, 100);
  t.same(JSON.parse(lines[99] ?? ''), { code: 299, agent: 'curl' });
  t.same(records.counts(), {
    dropped: 0,
    sinks: [{ name: 'file', written: 100, dropped: 0, problem: '' }],
    spans: null,
  });
});

t.test('lines for the stream have what joins them to traces, and wait for the way to it', async (t) => {
  const config = settings(`accessLog: {stream: true, json: {code: '%RESPONSE_CODE%', trace: '%TRACE_ID%'}}`);
  const feeds = new RecordFeeds();
  const ring = makeRing(1 << 16);
  feeds.add(new RecordFeed(ring));
  const records = new AgentRecords(SOURCE, config, feeds, new Exemplars(), async () => {});
  const write = writingRecords(ring, records.rules);
  for (let i = 0; i < 10; i++) write({ status: 200 + i });
  const stored: string[] = [];
  let about: LogSource | null = null;
  records.use((source) => {
    about = source;
    return {
      append: async ({ lines }) => {
        stored.push(...Buffer.from(lines).toString().trim().split('\n'));
        return { type: 'stored' };
      },
    };
  });
  await records.stop();
  t.same(about, {
    service: 'shop/web',
    version: '1.2.3',
    keys: { status: 'code', trace: 'trace', span: 'span_id', grpc: 'grpc_status' },
  });
  t.same(
    stored.map((line) => JSON.parse(line)),
    Array.from({ length: 10 }, (_, i) => ({ code: 200 + i, trace: null, span_id: null, grpc_status: null })),
  );
  t.same(records.counts().sinks, [{ name: 'stream', written: 10, dropped: 0, problem: '' }]);
});

t.test('rules follow the settings', async (t) => {
  const rules = telemetryRules(settings('accessLog: {stdout: true, percent: 5, slowMs: 200, directions: [inbound]}'));
  t.equal(rules.outbound.log, null);
  t.same(rules.inbound['']?.log, { index: 0, percent: 5, slowMs: 200 });
  const traced = telemetryRules(settings('tracing: {endpoint: "http://127.0.0.1:4318/v1/traces", percent: 3}'));
  t.match(traced.outbound, { log: null, trace: { percent: 3, reports: true } });
});

t.test('settings that cannot be are refused with their place', async (t) => {
  for (const [yaml, path] of [
    ["accessLog: {text: '%NOPE%'}", 'accessLog.text'],
    ["accessLog: {json: {a: '%NOPE%'}}", 'accessLog.json'],
    ['accessLog: {file: relative.log}', 'accessLog.file'],
    ['accessLog: {percent: 101}', 'accessLog.percent'],
    ['accessLog: {directions: []}', 'accessLog.directions'],
    ['tracing: {endpoint: "127.0.0.1:4318"}', 'tracing.endpoint'],
    ['tracing: {percent: -1}', 'tracing.percent'],
  ] as const) {
    const parsed = parseAgentConfig({ name: '', text: yaml }, {}, 'shop-01');
    t.match(parsed.ok ? 'it was taken' : parsed.error.map((problem) => problem.path), [path], yaml);
  }
});
