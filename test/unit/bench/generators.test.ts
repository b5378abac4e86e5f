import t from 'tap';
import { grpcMessage } from '../../../bench/load/grpc-message.ts';
import { parseGrpcStream } from '../../../bench/load/grpc-stream.ts';
import { parseH2load } from '../../../bench/load/h2load.ts';
import { parseIperf3 } from '../../../bench/load/iperf3.ts';
import { parseOpenLoop } from '../../../bench/load/open-loop.ts';
import { parseWrk } from '../../../bench/load/wrk.ts';

t.test("wrk's summary is read in milliseconds and seconds", async (t) => {
  const output =
    'Running 1s test @ http://x\n  10 requests\n\nSUMMARY {"requests":2000,"micros":1000500,"bytes":9,"errors":3,"kinds":"read 3","p50":450,"p99":3000,"p999":9500}\n';
  t.same(parseWrk(output), {
    requests: 2000,
    exchanges: 2000,
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

const H2LOAD = `Application protocol: h2c
finished in 1.00s, 500.00 req/s, 20.76MB/s
requests: 500 total, 508 started, 500 done, 500 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 501 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 20.76MB (21763927) total, 3.87MB (4060400) headers (space savings 50.00%), 15.49MB (16241400) data
`;

t.test("h2load's summary and log are read", async (t) => {
  const log = Array.from({ length: 101 }, (_, i) => `1700000000000000\t200\t${1000 + i}\n`).join('');
  t.same(parseH2load(H2LOAD, log), {
    requests: 500,
    exchanges: 500,
    seconds: 1,
    bytes: 21763927,
    errors: 0,
    errorKinds: 'failed 0, errored 0, timeout 0, other status 0',
    latency: { p50: 1.05, p99: 1.099, p999: 1.0999 },
  });
});

t.test('what h2load did not get, or not by HTTP/2, is an error', async (t) => {
  t.match(parseH2load(H2LOAD.replace('0 errored', '7 errored'), ''), { errors: 7, errorKinds: /errored 7/ });
  t.match(parseH2load(H2LOAD.replace('0 5xx', '3 5xx'), ''), { errors: 3, errorKinds: /other status 3/ });
  t.throws(() => parseH2load(H2LOAD.replace('h2c', 'http/1.1'), ''), /did not speak HTTP\/2/);
  t.throws(() => parseH2load('Application protocol: h2c\n', ''), /printed no summary/);
});

t.test('messages on gRPC streams are the requests, the streams what a proxy sees', async (t) => {
  const output = '{"requests":9000,"seconds":1.5,"bytes":1800000,"p50":0.2,"p99":1,"p999":3}\n';
  t.match(parseGrpcStream(output, 32), { requests: 9000, exchanges: 32, seconds: 1.5, latency: { p50: 0.2, p99: 1 } });
  t.throws(() => parseGrpcStream('{"requests":1}', 32), /lacks the number "p50"/);
});

t.test('a gRPC message has its prefix, and its field a length', async (t) => {
  t.same([...grpcMessage(3)], [0, 0, 0, 0, 5, 0x0a, 3, 0x78, 0x78, 0x78]);
  t.same([...grpcMessage(200).subarray(0, 8)], [0, 0, 0, 0, 203, 0x0a, 0xc8, 0x01]);
  t.equal(grpcMessage(200).length, 208);
});
