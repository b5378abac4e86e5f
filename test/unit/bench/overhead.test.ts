import t from 'tap';
import { doubtOf, planLifetimes, summarize } from '../../../bench/overhead/overhead.ts';
import { countSpans, startSpanSink } from '../../../bench/overhead/span-sink.ts';
import { renderTable } from '../../../bench/report/table.ts';
import { renderVerdicts } from '../../../bench/report/verdicts.ts';
import { judge } from '../../../bench/targets.ts';

t.test('each pair is there and back, and neighbours share a start', async (t) => {
  t.same(planLifetimes(2), [
    { side: 'plain', slices: [0] },
    { side: 'watched', slices: [0, 0] },
    { side: 'plain', slices: [0, 1] },
    { side: 'watched', slices: [1, 1] },
    { side: 'plain', slices: [1] },
  ]);
});

t.test('the ratio is taken within each pair, and judged', async (t) => {
  const costs = [1, 3].flatMap((slowness, pair) =>
    (
      [
        ['plain', 10],
        ['watched', 11],
        ['watched', 12],
        ['plain', 10.5],
      ] as const
    ).map(([side, micros]) => ({ pair, side, micros: micros * slowness })),
  );
  const overhead = summarize('h1-watched', costs);
  t.equal(overhead.ratio.middle.toFixed(4), (23 / 20.5).toFixed(4));
  t.equal(overhead.noise.middle.toFixed(4), '1.0500');
  const findings = { results: [], comparisons: [], memories: [], overheads: [overhead] };
  const verdicts = judge(['h1-watched'], [], findings);
  t.match(renderTable(findings, verdicts), /^h1-watched .* metrics alone .*: 1\.12 \(1\.12-1\.12\), A\/A 1\.05/);
  t.match(renderVerdicts(verdicts), /^kept .*at most 1\.15x the CPU per request of metrics alone; measured 1\.12x$/m);
  t.match(renderVerdicts(judge(['h1-watched'], [], { ...findings, overheads: [] })), /^\? /);
});

t.test('a run in which lines or spans are missing proves nothing', async (t) => {
  t.equal(doubtOf({ requests: 10_000, lines: 10_001, spans: 97 }, 1), null);
  t.match(doubtOf({ requests: 10_000, lines: 9_999, spans: 97 }, 1), /10000 requests, but 9999 lines/);
  t.match(doubtOf({ requests: 10_000, lines: 12_000, spans: 97 }, 1), /12000 lines/);
  t.match(doubtOf({ requests: 0, lines: 0, spans: 0 }, 1), /0 requests/);
  t.match(doubtOf({ requests: 10_000, lines: 10_000, spans: 3 }, 1), /3 spans/);
});

t.test('the collector counts what it takes', async (t) => {
  const body = JSON.stringify({
    spans: [
      { spanId: '1', parentSpanId: '' },
      { spanId: '2', parentSpanId: '1' },
    ],
  });
  t.equal(countSpans(body), 2);
  const sink = await startSpanSink();
  t.teardown(() => sink.close());
  const response = await fetch(sink.url, { method: 'POST', body });
  t.equal(await response.text(), '{}');
  t.same([sink.take(), sink.take()], [2, 0]);
});
