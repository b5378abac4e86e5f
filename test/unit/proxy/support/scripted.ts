/** What tests of scripted loads share: all that is counted, sums of it, and the access log as an agent writes it. */
import { readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { makeReports } from '../../../../src/agent/metric-report.ts';
import { AgentRecords } from '../../../../src/agent/records/agent-records.ts';
import { parseAgentConfig } from '../../../../src/config/parse-agent-config.ts';
import type { RequestRow } from '../../../../src/contract/mesh-metrics.ts';
import { requestCounts } from '../../../../src/telemetry/counted-series.ts';
import { Exemplars } from '../../../../src/telemetry/exemplars.ts';
import { istioSamples } from '../../../../src/telemetry/istio-metrics.ts';
import type { Sample } from '../../../../src/telemetry/metric.ts';
import { RecordFeed, RecordFeeds } from '../../../../src/telemetry/records/record-feed.ts';
import type { ProxyRig } from '../../../helpers/proxy-rig.ts';

/** What the JSON log says of one request; null = a field has nothing to say. */
export interface Line {
  readonly path: string;
  readonly code: number;
  readonly flag: string | null;
  readonly attempts: number;
  /** Bytes of bodies. */
  readonly received: number;
  readonly sent: number;
  readonly grpc: number | null;
  readonly grpcName: string | null;
  readonly side: string;
  readonly protocol: string;
  readonly service: string | null;
  readonly route: string | null;
}

/** Everything that a scrape of an agent would show of the rig's traffic, with Istio's names. */
export function allSamples(rig: ProxyRig): Sample[] {
  const series = rig.counted();
  const host = { mesh: 'default', workloads: [], isService: () => true };
  return [...rig.samples(), ...istioSamples(host, requestCounts(series), series)];
}

/** Sums of `name`, by the labels in `by` (`-` = there is none of that name), without those that are 0. */
export function sums(samples: readonly Sample[], name: string, ...by: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { name: other, labels, value } of samples) {
    if (other !== name || value === 0) continue;
    const key = by
      .map((label) => labels[label] ?? '-')
      .join(' ')
      .trimEnd();
    found[key] = (found[key] ?? 0) + value;
  }
  return found;
}

/** The histograms of requests, under all their names: so many requests, and so many bytes. */
export function checkHistograms(
  t: Test,
  samples: readonly Sample[],
  expected: { readonly requests: number; readonly received: number; readonly sent: number },
  labels: { readonly side: string; readonly service: string; readonly reporter: string },
): void {
  const own = `${labels.side} ${labels.service}`;
  for (const what of ['request_duration_seconds', 'request_bytes', 'response_bytes'])
    t.same(sums(samples, `towpath_${what}_count`, 'side', 'service'), { [own]: expected.requests }, what);
  for (const what of ['request_duration_milliseconds', 'request_bytes', 'response_bytes'])
    t.same(sums(samples, `istio_${what}_count`, 'reporter'), { [labels.reporter]: expected.requests }, what);
  const { received, sent } = expected;
  t.same(sums(samples, 'towpath_request_bytes_sum', 'side', 'service'), { [own]: received }, 'bytes of requests');
  t.same(sums(samples, 'istio_request_bytes_sum', 'reporter'), { [labels.reporter]: received });
  t.same(sums(samples, 'towpath_response_bytes_sum', 'side', 'service'), { [own]: sent }, 'bytes of responses');
  t.same(sums(samples, 'istio_response_bytes_sum', 'reporter'), { [labels.reporter]: sent });
}

/** What control is told: one row, of one service. @param row besides the caller */
export function checkReport(t: Test, rig: ProxyRig, row: Partial<RequestRow>): void {
  const [report] = makeReports({ boot: 'b', startedMs: 0, uptimeMs: 1, sequence: 1 }, 'shop/web', rig.counted());
  t.equal(report?.requests.length, 1);
  t.match(report?.requests[0], row);
  t.same(report?.requests[0]?.endings, row.endings, 'these endings, and no others');
}

/** The access log of an agent whose data thread the rig is. */
export function startLog(rig: ProxyRig, file: string): AgentRecords {
  const json = `{path: '%REQ(:PATH)%', code: '%RESPONSE_CODE%', flag: '%RESPONSE_FLAGS%', attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
    received: '%BYTES_RECEIVED%', sent: '%BYTES_SENT%', grpc: '%GRPC_STATUS_NUMBER%', grpcName: '%GRPC_STATUS(SNAKE_STRING)%',
    side: '%TOWPATH(direction)%', protocol: '%PROTOCOL%', service: '%TOWPATH(service)%', route: '%ROUTE_NAME%'}`;
  const config = parseAgentConfig({ name: '', text: `accessLog: {file: ${file}, json: ${json}}` }, {}, 'shop-01');
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const feeds = new RecordFeeds();
  feeds.add(new RecordFeed(rig.ring));
  const source = { host: 'shop-01', version: '1.2.3', workloads: [] };
  const records = new AgentRecords(source, config.value, feeds, new Exemplars(), async () => {});
  rig.context.journal.setRules(records.rules);
  return records;
}

/** Ends the log: it has these lines and no others, in that order, or in any where requests ran side by side. */
export async function checkLog(
  t: Test,
  log: AgentRecords,
  file: string,
  expected: readonly Line[],
  order: 'in order' | 'in any order',
): Promise<void> {
  await log.stop();
  const texts = readFileSync(file, 'utf8').trimEnd().split('\n');
  t.equal(texts.length, expected.length, 'a line for each request, and none besides');
  const lines: Line[] = texts.map((text) => JSON.parse(text));
  const sort = (all: readonly Line[]): readonly Line[] =>
    order === 'in order' ? all : all.toSorted((a, b) => a.path.localeCompare(b.path));
  t.same(sort(lines), sort(expected));
  t.match(log.counts(), { dropped: 0, sinks: [{ name: 'file', written: expected.length, dropped: 0 }] });
}
