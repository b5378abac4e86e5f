import t from 'tap';
import type { Memory } from '../../../bench/measure/measure-memory.ts';
import type { MeasuredRow, Sample } from '../../../bench/measure/measure-rows.ts';
import { comparisonsOf, memoryResult, resultsOf } from '../../../bench/report/summarize.ts';
import { renderTable } from '../../../bench/report/table.ts';
import { ROWS } from '../../../bench/rows.ts';
import type { SubjectName } from '../../../bench/subjects/subject.ts';
import { judge } from '../../../bench/targets.ts';

function sample(round: number, subject: SubjectName, cpu: number | null, change: Partial<Sample> = {}): Sample {
  const slice = {
    cpuMicrosPerRequest: cpu,
    requestsPerSecond: 1000,
    latency: { p50: 1, p99: 2, p999: 3 },
    rssBytes: cpu === null ? null : 50e6,
  };
  return { round, subject, label: 'agent', twin: 'a', slice, ...change };
}

function measured(name: string, samples: readonly Sample[]): MeasuredRow {
  const row = ROWS.find((known) => known.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return { row, samples, failures: [] };
}

t.test('the ratio is taken within each pair, so that a slow moment weighs on both sides', async (t) => {
  const pair = (round: number, slowness: number): Sample[] => [
    sample(round, 'towpath', 12 * slowness),
    sample(round, 'haproxy', 10 * slowness),
    sample(round, 'haproxy', 10 * slowness),
    sample(round, 'towpath', 12 * slowness),
  ];
  const [comparison] = comparisonsOf(measured('h1-keepalive', [...pair(0, 1), ...pair(1, 5), ...pair(2, 2)]));
  t.equal(comparison?.ratio.middle.toFixed(6), '1.200000');
  t.equal(comparison?.ratio.low.toFixed(6), '1.200000');
});

t.test('the twins of Towpath give the noise', async (t) => {
  const samples = [sample(0, 'towpath', 10), sample(0, 'towpath', 11, { twin: 'b' }), sample(0, 'haproxy', 10)];
  const [comparison] = comparisonsOf(measured('h1-keepalive', samples));
  t.equal(comparison?.noise?.middle.toFixed(4), (10 / 11).toFixed(4));
  t.equal(comparison?.ratio.middle.toFixed(4), '1.0500', 'both count for the ratio');
});

t.test('of two ways in which a peer works, the better one counts', async (t) => {
  const row = measured('tcp-bulk', [
    sample(0, 'towpath', 200),
    sample(0, 'haproxy', 400, { label: 'copying' }),
    sample(0, 'haproxy', 300, { label: 'splicing' }),
  ]);
  const [comparison] = comparisonsOf(row);
  t.equal(comparison?.peerLabel, 'splicing');
  t.equal(comparison?.ratio.middle.toFixed(3), (200 / 300).toFixed(3));
  t.equal(resultsOf(row).find(({ subject }) => subject === 'haproxy')?.cpuMicrosPerRequest, 300);
});

t.test('a round that one side could not finish counts for neither', async (t) => {
  const row = measured('h1-short', [sample(0, 'towpath', 12), sample(0, 'haproxy', 10), sample(1, 'towpath', 99)]);
  t.equal(comparisonsOf(row)[0]?.ratio.middle.toFixed(2), '1.20');
  t.same(comparisonsOf(measured('h1-short', [sample(0, 'towpath', 12)])), [], 'no peer, no ratio');
});

t.test('results have exactly the agreed fields', async (t) => {
  const [towpath, none] = resultsOf(measured('latency-1k', [sample(0, 'towpath', 9), sample(0, 'none', null)]));
  t.same(towpath, {
    row: 'latency-1k',
    subject: 'towpath',
    cpuMicrosPerRequest: 9,
    requestsPerSecond: 1000,
    p50Ms: 1,
    p99Ms: 2,
    p999Ms: 3,
    rssBytes: 50e6,
  });
  t.equal(none?.cpuMicrosPerRequest, null, 'without a proxy there is no cost');
});

t.test('the table names each row once and shows what was compared', async (t) => {
  const row = measured('h1-keepalive', [
    sample(0, 'towpath', 12),
    sample(0, 'towpath', 12, { twin: 'b' }),
    sample(0, 'haproxy', 10),
    sample(0, 'none', null),
  ]);
  const memory: Memory = {
    subject: 'towpath',
    idleRssBytes: 70e6,
    bytesPerTcpConnection: null,
    bytesPerHttp1Connection: 2048,
  };
  const results = [...resultsOf(row), memoryResult(memory)];
  const findings = { results, comparisons: comparisonsOf(row), memories: [memory], overheads: [] };
  const text = renderTable(findings, judge(['h1-keepalive'], ['haproxy'], findings));
  t.equal(text.match(/h1-keepalive/g)?.length, 1);
  t.match(text, /haproxy +10\.00 .* 1\.20 \(1\.20-1\.20\) +1\.00 \(1\.00-1\.00\) +<= 1\.10 +MISSED/);
  t.match(text, /none +- +1000/);
  t.match(text, /towpath +idle 70\.0 MB; each idle connection: TCP -, HTTP\/1\.1 2\.00 KiB/);
});
