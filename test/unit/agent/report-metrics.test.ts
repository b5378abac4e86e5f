import { join } from 'node:path';
import t from 'tap';
import type { AgentParts } from '../../../src/agent/agent-parts.ts';
import { buildParts } from '../../../src/agent/build-parts.ts';
import { reportMetrics } from '../../../src/agent/report-metrics.ts';
import { REQUEST_BLOCK } from '../../../src/contract/request-block.ts';
import { type CountedSeries, seriesKey } from '../../../src/telemetry/counted-series.ts';
import { agentOptions } from '../../helpers/agent-options.ts';
import { parseExposition } from '../../helpers/parse-exposition.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { requests } from '../../helpers/request-counts.ts';

/** CPU time of the main thread, in ms. */
const SCRAPE_LIMIT_MS = 50;

async function parts(
  dir: string,
  counted: readonly CountedSeries[],
  yaml = '',
): Promise<[AgentParts, AsyncDisposable]> {
  const undo = new AsyncDisposableStack();
  const { logger } = recordingLogger();
  const built = await buildParts(await agentOptions(join(dir, 'state'), yaml), logger, () => 'running', undo);
  const { threads } = built;
  const fake = {
    counters: () => counted,
    connections: () => 0,
    heartbeatAgeMs: () => 0,
  } as unknown as typeof threads;
  return [{ ...built, threads: fake }, undo];
}

function block(labels: Parameters<typeof requests>[0], ...seconds: number[]): CountedSeries {
  const { labels: all, values } = requests(labels, ...seconds);
  return { key: seriesKey(REQUEST_BLOCK, { ...all }), name: REQUEST_BLOCK, labels: { ...all }, values };
}

const served = { name: 'towpath_requests_total', labels: { side: 'outbound', service: 'shop/orders', code: '200' } };
const counter: CountedSeries = { key: seriesKey(served.name, served.labels), ...served, values: [3] };

t.test('what was counted once is shown under the names of Towpath and OpenTelemetry', async (t) => {
  const [built, undo] = await parts(t.testdir(), [counter, block({}, 0.1, 0.2)]);
  await using _ = undo;
  const families = parseExposition(reportMetrics(built, 'text'));
  t.equal(families.get('towpath_requests_total')?.samples[0]?.value, '3');
  const count = (family: string): string | undefined =>
    families.get(family)?.samples.find(({ name }) => name === `${family}_count`)?.value;
  t.equal(count('towpath_request_duration_seconds'), '2');
  t.equal(count('http_client_request_duration_seconds'), '2');
  t.equal(families.has(REQUEST_BLOCK), false);
  t.notOk(
    [...families.keys()].some((name) => name.startsWith('istio_')),
    'not asked for',
  );
});

t.test("Istio's names come with the switch, and say which workload this is", async (t) => {
  const yaml = `
metrics: { istio: true }
workloads: [{ name: web-1, namespace: shop, address: 10.0.0.1, labels: { app: web, version: v3 }, ports: { http: 8080 } }]`;
  const [built, undo] = await parts(t.testdir(), [block({}, 0.1)], yaml);
  await using _ = undo;
  const families = parseExposition(reportMetrics(built, 'text'));
  t.match(families.get('istio_requests_total')?.samples[0]?.labels, {
    reporter: 'source',
    source_workload: 'web-1',
    source_app: 'web',
    source_cluster: 'default',
    destination_service: 'orders.shop.svc.cluster.local',
  });
});

t.test('examples are shown to whom OpenMetrics is said', async (t) => {
  const [built, undo] = await parts(t.testdir(), [block({}, 0.1)]);
  await using _ = undo;
  built.exemplars.note(
    { side: 'outbound', service: 'shop/orders', route: 'shop/orders/0', code: '200' },
    0.1,
    'cafe',
    17,
  );
  t.match(
    reportMetrics(built, 'openmetrics'),
    /^http_client_request_duration_seconds_bucket.* # \{trace_id="cafe"\} 0.1 17$/m,
  );
  t.notMatch(reportMetrics(built, 'text'), /cafe/);
});

t.test('a scrape of 1,000 series is quick', async (t) => {
  // Each block is 22 series of OpenTelemetry and of our own; the rest are counters.
  const blocks = Array.from({ length: 20 }, (_, i) => block({ service: `shop/s${i}`, backend: '' }, 0.1));
  const counters = Array.from({ length: 400 }, (_, i): CountedSeries => {
    const labels = { ...served.labels, service: `shop/s${i}` };
    return { key: seriesKey(served.name, labels), name: served.name, labels, values: [i] };
  });
  const [built, undo] = await parts(t.testdir(), [...blocks, ...counters]);
  await using _ = undo;
  const times: number[] = [];
  let lines = 0;
  for (let i = 0; i < 10; i++) {
    const before = process.threadCpuUsage();
    const text = reportMetrics(built, 'text');
    const { user, system } = process.threadCpuUsage(before);
    times.push((user + system) / 1000);
    lines = text.split('\n').filter((line) => !line.startsWith('#')).length;
  }
  const best = Math.min(...times);
  t.ok(lines >= 1000, `${lines} series`);
  t.ok(best < SCRAPE_LIMIT_MS, `${best} ms`);
  t.comment(`${lines} series in ${best.toFixed(1)} ms, the first time ${times[0]?.toFixed(1)} ms`);
});
