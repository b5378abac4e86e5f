import t from 'tap';
import { parseIperf3 } from '../../../bench/load/iperf3.ts';
import { parseOpenLoop } from '../../../bench/load/open-loop.ts';
import { parseWrk } from '../../../bench/load/wrk.ts';
import { parseStats } from '../../../bench/subjects/haproxy.ts';
import { parseSamples, sumSamples } from '../../../bench/subjects/parse-samples.ts';

t.test("wrk's summary is read in milliseconds and seconds", async (t) => {
  const output =
    'Running 1s test @ http://x\n  10 requests\n\nSUMMARY {"requests":2000,"micros":1000500,"bytes":9,"errors":3,"kinds":"read 3","p50":450,"p99":3000,"p999":9500}\n';
  t.same(parseWrk(output), {
    requests: 2000,
    seconds: 1.0005,
    bytes: 9,
    errors: 3,
    errorKinds: 'read 3',
    latency: { p50: 0.45, p99: 3, p999: 9.5 },
  });
});

t.test('a run of wrk without a whole summary is an error', async (t) => {
  t.throws(() => parseWrk('unable to connect'), /printed no summary/);
  t.throws(() => parseWrk('SUMMARY {"requests":1}'), /lacks the number "p50"/);
});

t.test('bulk bytes count as requests of 1 MB', async (t) => {
  const output = JSON.stringify({ end: { sum_received: { bytes: 2_500_000_000, seconds: 1.25 } } });
  t.match(parseIperf3(output), { requests: 2500, seconds: 1.25, bytes: 2_500_000_000, latency: null });
  t.throws(() => parseIperf3('{"error":"unable to connect"}'), /reported no bytes/);
});

t.test('open-loop latencies become percentiles', async (t) => {
  const latencies = Array.from({ length: 1001 }, (_, i) => i / 1000);
  const result = parseOpenLoop(JSON.stringify({ errors: 0, errorKinds: '', seconds: 1, latencies }));
  t.equal(result.requests, 1001);
  t.same(result.latency, { p50: 0.5, p99: 0.99, p999: 0.999 });
});

t.test("HAProxy's statistics are read by frontend", async (t) => {
  const csv =
    '# pxname,svname,stot,conn_tot,\nhttp,FRONTEND,5,7,\nhttp,upstream,5,0,\nhttp,BACKEND,5,0,\ntcp,FRONTEND,9,9,\n\n';
  const stats = parseStats(csv);
  t.same([...stats.keys()], ['http', 'tcp']);
  t.equal(stats.get('http')?.['conn_tot'], '7');
});

t.test('Prometheus series are summed by the labels that are asked for', async (t) => {
  const text = `# HELP towpath_requests_total x
towpath_requests_total{side="outbound",code="200"} 5
towpath_requests_total{side="outbound",code="503",flags="UF \\"x\\""} 2
towpath_requests_total{side="inbound",code="200"} 1
towpath_ready 1
`;
  const samples = parseSamples(text);
  t.equal(sumSamples(samples, 'towpath_requests_total', { side: 'outbound' }), 7);
  t.equal(sumSamples(samples, 'towpath_requests_total', { side: 'outbound', code: '200' }), 5);
  t.equal(sumSamples(samples, 'towpath_ready', {}), 1);
  t.equal(sumSamples(samples, 'towpath_absent', {}), 0);
});
