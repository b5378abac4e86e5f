import t from 'tap';
import type { Comparison, Result } from '../../../bench/report/summarize.ts';
import { renderVerdicts } from '../../../bench/report/verdicts.ts';
import { ROWS } from '../../../bench/rows.ts';
import { PROXIES, type SubjectName } from '../../../bench/subjects/subject.ts';
import { type Findings, isJudged, judge, TARGETS } from '../../../bench/targets.ts';

const NOTHING: Findings = { results: [], comparisons: [], memories: [], overheads: [] };

function compared(row: string, peer: SubjectName, middle: number): Findings {
  const comparison: Comparison = {
    row,
    peer,
    peerLabel: '',
    ratio: { low: middle, middle, high: middle },
    noise: null,
  };
  return { ...NOTHING, comparisons: [comparison] };
}

function verdictOf(row: string, peer: SubjectName, middle: number): string | undefined {
  const verdicts = judge([row], PROXIES, compared(row, peer, middle)).filter(({ measured }) => measured !== null);
  return renderVerdicts(verdicts).trim();
}

t.test('each target belongs to a row that exists', async (t) => {
  const names = ROWS.map(({ name }) => name);
  t.same([...new Set(TARGETS.map(({ row }) => row))], names);
});

t.test('cost is judged by the median of the pairs', async (t) => {
  t.match(verdictOf('h1-keepalive', 'haproxy', 1.1), /^kept .*at most 1\.10x .* haproxy; measured 1\.10x$/);
  t.match(verdictOf('h1-keepalive', 'haproxy', 1.11), /^MISSED/);
  t.match(verdictOf('h1-keepalive', 'envoy', 0.51), /^MISSED .*at most 0\.50x/);
  t.equal(verdictOf('h1-keepalive', 'nginx', 9), '', 'no target, no verdict');
});

t.test('bulk is said in bytes per CPU-second', async (t) => {
  t.match(verdictOf('tcp-bulk', 'haproxy', 0.5), /^kept .*at least 1\.60x the bytes .*; measured 2\.00x$/);
  t.match(verdictOf('tcp-bulk', 'envoy', 0.55), /^MISSED .*at least 2\.00x .*; measured 1\.82x$/);
});

t.test('latency is what is added to that without a proxy', async (t) => {
  const result = (subject: SubjectName, p50Ms: number, p99Ms: number): Result => {
    const row = 'latency-1k';
    return { row, subject, p50Ms, p99Ms, p999Ms: 9, cpuMicrosPerRequest: 1, requestsPerSecond: 1, rssBytes: 1 };
  };
  const results = [result('towpath', 0.13, 0.9), result('none', 0.05, 0.5)];
  const text = renderVerdicts(judge(['latency-1k'], [], { ...NOTHING, results }));
  t.match(
    text,
    /^kept .*at most 0\.1 ms at p50; measured 0\.080 ms\nMISSED .*at most 0\.3 ms at p99; measured 0\.400 ms\n$/,
  );
});

t.test('memory is judged by the process and by the connection', async (t) => {
  const subject = 'towpath' as const;
  const memory = { subject, idleRssBytes: 81e6, bytesPerTcpConnection: 2048, bytesPerHttp1Connection: 4097 };
  const text = renderVerdicts(judge(['memory'], [], { ...NOTHING, memories: [memory] }));
  t.match(text, /MISSED .*process at most 80\.0 MB; measured 81\.0 MB\nkept .*2\.00 KiB\nMISSED .*4\.00 KiB; measured/);
});

t.test('a figure that is missing is no promise kept', async (t) => {
  const verdicts = judge(['grpc-unary'], PROXIES, NOTHING);
  t.same(
    verdicts.map(({ kept }) => kept),
    [false],
  );
  t.match(renderVerdicts(verdicts), /^\? .*not measured/);
  t.same(judge(['no such row'], PROXIES, NOTHING), []);
  t.same(judge(['grpc-unary'], ['haproxy'], NOTHING), [], 'a peer that nobody asked for');
});

t.test('a quick run knows which peers matter', async (t) => {
  t.ok(isJudged('h2-multiplexed', 'nghttpx'));
  t.notOk(isJudged('h1-keepalive', 'nghttpx'));
  t.notOk(isJudged('latency-1k', 'haproxy'));
});
