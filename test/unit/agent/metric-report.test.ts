import t from 'tap';
import { callerOf, makeReports } from '../../../src/agent/metric-report.ts';
import { MAX_REPORT_BYTES, MAX_REPORT_PARTS, metricReportSchema } from '../../../src/contract/mesh-metrics.ts';
import { REQUEST_BLOCK } from '../../../src/contract/request-block.ts';
import { type CountedSeries, seriesKey } from '../../../src/telemetry/counted-series.ts';
import { requests } from '../../helpers/request-counts.ts';

const META = { boot: 'b', startedMs: 1, uptimeMs: 2, sequence: 3 };

function block(labels: Parameters<typeof requests>[0], ...seconds: number[]): CountedSeries {
  const { labels: all, values } = requests(labels, ...seconds);
  return { key: seriesKey(REQUEST_BLOCK, { ...all }), name: REQUEST_BLOCK, labels: { ...all }, values };
}

function counter(name: string, labels: Record<string, string>, value: number): CountedSeries {
  return { key: seriesKey(name, labels), name, labels, values: [value] };
}

t.test('who calls is the one workload of a host, or the host', async (t) => {
  t.equal(callerOf('web-1', [{ key: 'shop/web' }]), 'shop/web');
  t.equal(callerOf('web-1', []), 'host:web-1');
  t.equal(callerOf('web-1', [{ key: 'shop/web' }, { key: 'shop/cache' }]), 'host:web-1');
});

t.test('requests are told by caller, service and route, with how they ended; idle ones too', async (t) => {
  const [report] = makeReports(META, 'shop/web', [
    block({}, 0.1, 0.2),
    { ...block({ method: 'POST' }, 0.1), isIdle: true },
    block({ code: '503', flags: 'UH' }, 9),
    block({ protocol: 'grpc', grpcStatus: '14', route: '' }, 1),
    block({ side: 'inbound', service: 'shop/web', route: '', principal: 'mesh/ns/shop/sa/cart' }, 1),
  ]);
  t.match(report, { ...META, part: 0, parts: 1, dropped: 0 });
  t.match(report?.requests, [
    {
      side: 'outbound',
      caller: 'shop/web',
      service: 'shop/orders',
      route: 'shop/orders/0',
      endings: { '200  ': 3, '503 UH ': 1 },
      seconds: 9.4,
      requestBytes: 400,
      responseBytes: 4000,
    },
    { caller: 'shop/web', route: '', endings: { '200  14': 1 } },
    { side: 'inbound', caller: 'mesh/ns/shop/sa/cart', service: 'shop/web', endings: { '200  ': 1 } },
  ]);
  t.equal(metricReportSchema.safeParse(report).success, true);
});

t.test('connections that are not HTTP are told too', async (t) => {
  const labels = { side: 'outbound', service: 'shop/cache', verdict: 'opaque' };
  const [report] = makeReports(META, 'shop/web', [
    counter('towpath_connections_closed_total', { ...labels, ending: 'closed' }, 3),
    counter('towpath_connections_closed_total', { ...labels, ending: 'reset' }, 2),
    counter('towpath_connections_closed_total', { ...labels, verdict: 'http1', ending: 'reset' }, 9),
    counter('towpath_connection_received_bytes_total', labels, 10),
    counter('towpath_connection_sent_bytes_total', labels, 20),
  ]);
  t.strictSame(report?.connections, [
    {
      side: 'outbound',
      caller: 'shop/web',
      service: 'shop/cache',
      closed: 5,
      failed: 2,
      receivedBytes: 10,
      sentBytes: 20,
    },
  ]);
});

t.test('a host without traffic says so', async (t) => {
  t.match(makeReports(META, 'shop/web', []), [{ part: 0, parts: 1, requests: [], connections: [] }]);
});

t.test('however much there is, parts are small and few, and what is left out is counted', async (t) => {
  const name = 'x'.repeat(200);
  const series = Array.from({ length: 1500 }, (_, i) =>
    block({ service: `${name}/${i}`, route: `${name}/${i}/0` }, 0.1),
  );
  series.push(block({ service: 'shop/busy' }, 0.1, 0.1));
  const reports = makeReports(META, 'shop/web', series);
  t.equal(reports.length, 10);
  t.ok(reports.length <= MAX_REPORT_PARTS);
  t.equal(reports[0]?.requests[0]?.service, 'shop/busy', 'the busiest come first');
  t.equal(reports[0]?.dropped, 501);
  for (const report of reports) {
    t.ok(JSON.stringify(report).length < MAX_REPORT_BYTES);
    t.equal(metricReportSchema.safeParse(report).success, true);
  }
});

t.test('kinds of ending are bounded, and none is lost', async (t) => {
  const series = Array.from({ length: 300 }, (_, i) => block({ code: String(200 + (i % 300)), flags: `F${i}` }, 0.1));
  const [report] = makeReports(META, 'shop/web', series);
  const endings = Object.values(report?.requests[0]?.endings ?? {});
  t.ok(endings.length <= 100);
  t.equal(
    endings.reduce((a, b) => a + b, 0),
    300,
  );
  t.equal(metricReportSchema.safeParse(report).success, true);
});
