import t from 'tap';
import { boundLabel, histogramSamples } from '../../../src/telemetry/histogram.ts';

t.test('bounds are written as OpenMetrics wants them', async (t) => {
  t.strictSame([0.0005, 0.25, 1, 2.5, 10, 16_777_216].map(boundLabel), [
    '0.0005',
    '0.25',
    '1.0',
    '2.5',
    '10.0',
    '16777216.0',
  ]);
});

t.test('buckets add up', async (t) => {
  t.strictSame(histogramSamples('d', { a: 'b' }, { bounds: [1, 2], buckets: [3, 0, 4], sum: 7.5 }), [
    { name: 'd_bucket', labels: { a: 'b', le: '1.0' }, value: 3, exemplar: undefined },
    { name: 'd_bucket', labels: { a: 'b', le: '2.0' }, value: 3, exemplar: undefined },
    { name: 'd_bucket', labels: { a: 'b', le: '+Inf' }, value: 7, exemplar: undefined },
    { name: 'd_sum', labels: { a: 'b' }, value: 7.5 },
    { name: 'd_count', labels: { a: 'b' }, value: 7 },
  ]);
});
