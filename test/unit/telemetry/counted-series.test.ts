import t from 'tap';
import { REQUEST_BLOCK } from '../../../src/contract/request-block.ts';
import { type CountedSeries, requestCounts, seriesKey, sumSeries } from '../../../src/telemetry/counted-series.ts';
import { USUAL_LABELS } from '../../helpers/request-counts.ts';

function series(name: string, labels: Record<string, string>, ...values: number[]): CountedSeries {
  return { key: seriesKey(name, labels), name, labels, values };
}

t.test('what several data threads counted is one series', async (t) => {
  const one = series('a_total', { a: '1' }, 2);
  const other = series('a_total', { a: '2' }, 5);
  const block = series(REQUEST_BLOCK, {}, 1, 2);
  t.strictSame(sumSeries([one, other, block, series('a_total', { a: '1' }, 3), series(REQUEST_BLOCK, {}, 10, 20)]), [
    { ...one, values: [5] },
    other,
    { ...block, values: [11, 22] },
  ]);
});

t.test('the block of all that found no place is still a block', async (t) => {
  const counts = requestCounts([
    series('a_total', {}, 1),
    series(REQUEST_BLOCK, { ...USUAL_LABELS }, 1),
    series(REQUEST_BLOCK, { otel_metric_overflow: 'true' }, 2),
  ]);
  t.equal(counts.length, 2);
  t.strictSame(counts[0]?.labels, USUAL_LABELS);
  t.match(counts[1], { labels: { side: 'outbound', service: '', method: '_OTHER' }, values: [2] });
});
