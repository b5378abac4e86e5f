import t from 'tap';
import { GONE_MS, MAX_MERGED, MAX_RETIRED, MAX_RETIRED_BLOCKS, MetricBook } from '../../../src/agent/metric-book.ts';
import { REQUEST_BLOCK } from '../../../src/contract/request-block.ts';
import { type CountedSeries, requestCounts, seriesKey } from '../../../src/telemetry/counted-series.ts';
import { otelRequestSamples, towpathRequestSamples } from '../../../src/telemetry/request-metrics.ts';
import { requests } from '../../helpers/request-counts.ts';

function series(name: string, labels: Record<string, string>, value: number): CountedSeries {
  return { key: seriesKey(name, labels), name, labels, values: [value] };
}

const of = (service: string, value: number): CountedSeries => series('towpath_requests_total', { service }, value);
const shown = (all: readonly CountedSeries[]) =>
  all.flatMap(({ name, labels, values, isIdle }) =>
    isIdle || name === 'towpath_series_merged_total' ? [] : [[labels['service'], values[0]]],
  );

t.test('what threads that are gone have counted stays counted; what they had open does not', async (t) => {
  const book = new MetricBook(1000, () => false);
  for (let i = 0; i < 3; i++) book.retire([of('a', 2), series('towpath_upstream_connections', { cluster: 'a' }, 7)]);
  t.same(shown(book.read([of('a', 1)], 0)), [['a', 7]]);
});

t.test('a series that nobody touches is left out, and comes back where it was', async (t) => {
  const book = new MetricBook(1000, () => false);
  const fixed = series('towpath_connections_opened_total', { side: 'inbound' }, 4);
  t.same(shown(book.read([of('a', 5), of('b', 1), fixed], 0)).length, 3);
  t.same(shown(book.read([of('a', 5), of('b', 2), fixed], 999)).length, 3);
  t.same(
    shown(book.read([of('a', 5), of('b', 2), fixed], 1000)),
    [
      ['b', 2],
      [undefined, 4],
    ],
    'what cannot become many stays',
  );
  t.ok(book.isIdle(of('a', 5), 1000));
  book.retire([of('a', 5)]);
  t.same(shown(book.read([of('b', 2)], 1001)), [['b', 2]], 'taken back, and still idle');
  t.same(
    shown(book.read([of('a', 1), of('b', 2)], 1002)),
    [
      ['a', 6],
      ['b', 2],
    ],
    'it goes on, with a new place in its thread',
  );
});

t.test('no series ever goes back while it is shown', async (t) => {
  const book = new MetricBook(10, () => false);
  const last = new Map<string, number>();
  let live = 0;
  for (let now = 0; now < 500; now++) {
    if (now % 40 < 15) live++;
    else if (now % 40 === 39) {
      book.retire([of('a', live)]);
      live = 0;
    }
    for (const {
      key,
      values: [value = 0],
    } of book.read(live === 0 ? [] : [of('a', live)], now)) {
      if (value < (last.get(key) ?? 0)) t.fail(`${value} after ${last.get(key)}`);
      last.set(key, value);
    }
  }
  t.equal(last.get(of('a', 0).key), 13 * 15);
});

const block = (route: string, count: number): CountedSeries => {
  const { labels, values } = requests({ route }, ...new Array<number>(count).fill(0.02));
  return { key: seriesKey(REQUEST_BLOCK, { ...labels }), name: REQUEST_BLOCK, labels: { ...labels }, values };
};
const sumOf = (all: readonly CountedSeries[], name: string, labels: Record<string, string> = {}): number =>
  [...towpathRequestSamples(requestCounts(all)), ...otelRequestSamples(requestCounts(all))]
    .filter((one) => one.name === name && Object.entries(labels).every(([label, text]) => one.labels[label] === text))
    .reduce((sum, { value }) => sum + value, 0);
const SERVICE = 'towpath_request_duration_seconds_count';
const ROUTE = 'http_client_request_duration_seconds_count';

t.test('a route that left is shown for two minutes more; then it stays in the sums of its service alone', async (t) => {
  const book = new MetricBook(3_600_000, ({ route }) => route === 'old');
  book.read([block('old', 3), block('new', 1)], 0);
  book.retire([block('old', 3)]);
  const before = book.read([block('new', 1)], GONE_MS - 1);
  t.equal(sumOf(before, ROUTE, { http_route: 'old' }), 3, 'Prometheus sees it whole');
  book.prune(new Set(), GONE_MS - 1);
  t.equal(sumOf(book.read([block('new', 1)], GONE_MS - 1), ROUTE), 4);
  book.read([block('new', 1), block('old', 1)], GONE_MS);
  book.retire([block('old', 1)]);
  book.prune(new Set(), 2 * GONE_MS - 1);
  t.equal(sumOf(book.read([block('new', 1)], 2 * GONE_MS - 1), ROUTE), 5, 'it has ended a request meanwhile');
  book.prune(new Set([block('old', 1).key]), 2 * GONE_MS);
  t.equal(sumOf(book.read([block('new', 1)], 2 * GONE_MS), SERVICE), 5, 'a thread has it yet');
  book.prune(new Set(), 2 * GONE_MS);
  const after = book.read([block('new', 2)], 2 * GONE_MS);
  t.equal(sumOf(after, ROUTE, { http_route: 'old' }), 0);
  t.equal(sumOf(after, ROUTE), 2, 'nor is it counted as anything else');
  t.equal(sumOf(after, SERVICE), 6);
  t.equal(after.find(({ name }) => name === 'towpath_series_merged_total')?.values[0], 1);
  book.retire([block('old', 1)]);
  t.equal(sumOf(book.read([block('new', 2)], 2 * GONE_MS), ROUTE, { http_route: 'old' }), 1, 'it begins again');
});

t.test('memory is bounded, and sums of services do not go back', async (t) => {
  const book = new MetricBook(1000, ({ route }) => route !== 'stays');
  book.retire([block('stays', 1)]);
  const many = MAX_RETIRED_BLOCKS + 500;
  for (let i = 0; i < many; i++) book.retire([block(String(i), 1)]);
  const all = book.read([], 0);
  t.equal(requestCounts(all).length, MAX_RETIRED_BLOCKS + 1);
  t.equal(sumOf(all, SERVICE), many + 1);
  t.equal(sumOf(all, ROUTE, { http_route: 'stays' }), 1, 'what is configured goes last');
  for (let i = 0; i < MAX_RETIRED + 10; i++) book.retire([of(String(i), 1)]);
  t.equal(book.read([], 0).filter(({ name }) => name === 'towpath_requests_total').length, MAX_RETIRED);
});

t.test('kinds of requests whose services are gone are bounded too', async (t) => {
  const book = new MetricBook(1000, () => true);
  for (let i = 0; i < MAX_RETIRED_BLOCKS + MAX_MERGED + 20; i++) {
    const one = block('r', 1);
    const labels = { ...one.labels, service: `shop/s${i}` };
    book.retire([{ ...one, key: seriesKey(REQUEST_BLOCK, labels), labels }]);
  }
  t.equal(requestCounts(book.read([], 0)).length, MAX_RETIRED_BLOCKS + MAX_MERGED);
});
