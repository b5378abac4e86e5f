import t from 'tap';
import { Counters, DURATION_BOUNDS, type Labels, MAX_SERIES } from '../../../src/proxy/counters.ts';

function make(): { counters: Counters; announced: { index: number; name: string; labels: Labels }[] } {
  const announced: { index: number; name: string; labels: Labels }[] = [];
  const counters = new Counters(Counters.sharedMemory(), (index, name, labels) =>
    announced.push({ index, name, labels }),
  );
  return { counters, announced };
}

t.test('a series is announced once and counted in shared memory', async (t) => {
  const { counters, announced } = make();
  const index = counters.series('a_total', { side: 'inbound' });
  t.equal(counters.series('a_total', { side: 'inbound' }), index);
  t.not(counters.series('a_total', { side: 'outbound' }), index);
  counters.add(index, 3);
  counters.count('a_total', { side: 'inbound' });
  t.equal(counters.values[index], 4);
  t.equal(announced.filter((s) => s.index === index).length, 1);
});

t.test('past the limit series are refused, counted as such, and touch nothing else', async (t) => {
  const { counters, announced } = make();
  const first = counters.series('a_total', { n: 'first' });
  for (let i = 0; i < MAX_SERIES + 100; i++) counters.add(counters.series('a_total', { n: String(i) }), 1);
  t.ok(announced.length <= MAX_SERIES);
  const values = announced.map(({ index }) => counters.values[index]);
  t.equal(
    values.slice(2).every((value) => value === 1),
    true,
    'each counts its own',
  );
  t.equal(counters.values[first], 0);
  t.equal(announced[0].name, 'towpath_series_dropped_total');
  t.equal(counters.values[0], MAX_SERIES + 100 - (announced.length - 2));
  counters.add(counters.series('b_bytes_total', {}), 1e9);
  t.equal(counters.values[0], MAX_SERIES + 101 - (announced.length - 2), 'not mixed with what was not counted');
});

t.test('a histogram is cumulative, with its sum and its count', async (t) => {
  const { counters, announced } = make();
  const histogram = counters.histogram('d_seconds', { side: 'inbound' });
  for (const seconds of [0.004, 0.005, 0.3, 99]) histogram.observe(seconds);
  const at = (name: string, le?: string): number => {
    const series = announced.find((s) => s.name === name && s.labels['le'] === le);
    return counters.values[series?.index ?? -1];
  };
  t.equal(at('d_seconds_bucket', '0.005'), 2, 'a bound belongs to its bucket');
  t.equal(at('d_seconds_bucket', '0.25'), 2);
  t.equal(at('d_seconds_bucket', '0.5'), 3);
  t.equal(at('d_seconds_bucket', '10'), 3);
  t.equal(at('d_seconds_bucket', '+Inf'), 4);
  t.equal(at('d_seconds_count'), 4);
  t.equal(at('d_seconds_sum'), 99.309);
  t.equal(announced.filter((s) => s.name === 'd_seconds_bucket').length, DURATION_BOUNDS.length + 1);
});
