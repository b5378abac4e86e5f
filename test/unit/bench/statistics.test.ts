import t from 'tap';
import { mean, median, medianInterval, quantile, thereAndBack } from '../../../bench/report/statistics.ts';

t.test('quantiles lie between the closest ranks', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
  t.equal(quantile([10, 20, 30, 40, 50], 0), 10);
  t.equal(quantile([10, 20, 30, 40, 50], 1), 50);
  t.equal(quantile([0, 10], 0.99), 9.9);
  t.equal(mean([1, 2, 6]), 3);
});

t.test('no values give no number', async (t) => {
  t.ok(Number.isNaN(median([])));
  t.ok(Number.isNaN(medianInterval([]).middle));
});

t.test('values are not reordered for the caller', async (t) => {
  const values = [3, 1, 2];
  median(values);
  t.same(values, [3, 1, 2]);
});

t.test('equal values leave no doubt about their median', async (t) => {
  t.same(medianInterval([7, 7, 7]), { low: 7, middle: 7, high: 7 });
});

t.test('the interval holds the median, lies within the values, and is the same every time', async (t) => {
  const values = [1.02, 0.97, 1.1, 1.05, 0.99, 1.01, 1.2, 1.03, 0.95, 1.04];
  const { low, middle, high } = medianInterval(values);
  t.ok(0.95 <= low && low < middle && middle < high && high <= 1.2, `${low} ${middle} ${high}`);
  t.same(medianInterval(values), { low, middle, high });
});

t.test('more values of the same spread make the interval narrower', async (t) => {
  const spread = (count: number): number => {
    const { low, high } = medianInterval(Array.from({ length: count }, (_, i) => 1 + ((i * 7) % 11) / 100));
    return high - low;
  };
  t.ok(spread(88) < spread(11));
});

t.test('the order there and back is a palindrome that holds everything twice', async (t) => {
  t.same(thereAndBack(['A', 'B']), ['A', 'B', 'B', 'A']);
  t.same(thereAndBack(['A', 'B', 'C']), ['A', 'B', 'C', 'C', 'B', 'A']);
});
