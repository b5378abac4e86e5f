import t from 'tap';
import { bytesText, formatTop, latencyText, rateText, successText } from '../../../src/cli/format-traffic.ts';
import type { MetricsReply } from '../../../src/contract/mesh-metrics.ts';
import { idle } from '../../helpers/example-traffic.ts';

const io = { colour: false };
const hosts = { reporting: 1, silent: 0 };
const services: MetricsReply['services'] = [
  { ...idle, service: 'shop/idle', callers: 1 },
  { ...idle, service: 'shop/a', callers: 2, requestsPerSecond: 10, success: 0.9, p50Ms: 1, p95Ms: 2.5, p99Ms: 12.4 },
  { ...idle, service: 'shop/b', callers: 1, requestsPerSecond: 200, success: 1, p50Ms: 1, p95Ms: 2, p99Ms: 3 },
  { ...idle, service: '', callers: 1, connectionsPerSecond: 1.5, receivedBytesPerSecond: 2048, sentBytesPerSecond: 7 },
];
const reply: MetricsReply = { windowSeconds: 60, hosts, edges: [], services, truncated: false };
const namesBy = (order: Parameters<typeof formatTop>[1], rows = 40): (string | undefined)[] =>
  formatTop(reply, order, rows, io)
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {2,}/)[0]);

t.test('a table of services; those without traffic are left out', async (t) => {
  t.equal(
    formatTop(reply, 'rate', 40, io),
    [
      'SERVICE             CALLERS  REQ/S  SUCCESS  P50    P95    P99    CONN/S  IN/S    OUT/S',
      'shop/b              1        200    100.00%  1.0ms  2.0ms  3.0ms  -       -       -',
      'shop/a              2        10.0   90.00%   1.0ms  2.5ms  12ms   -       -       -',
      '(outside the mesh)  1        -      -        -      -      -      1.50    2.0KiB  7B',
      '',
    ].join('\n'),
  );
});

t.test('orders', async (t) => {
  t.same(namesBy('errors'), ['shop/a', '(outside the mesh)', 'shop/b']);
  t.same(namesBy('p99'), ['shop/a', 'shop/b', '(outside the mesh)']);
  t.same(namesBy('name'), ['(outside the mesh)', 'shop/a', 'shop/b']);
  t.same(namesBy('rate', 1), ['shop/b']);
});

t.test('success has a colour on a terminal', async (t) => {
  const text = formatTop(reply, 'name', 40, { colour: true });
  t.match(text, '\u001b[31m90.00%\u001b[0m');
  t.match(text, '\u001b[32m100.00%\u001b[0m');
});

t.test('numbers', async (t) => {
  const rates: [number, string][] = [
    [0, '-'],
    [0.001, '<0.01'],
    [0.5, '0.50'],
    [12.34, '12.3'],
    [1234.5, '1235'],
  ];
  for (const [rate, text] of rates) t.equal(rateText(rate), text);
  const times: [number | null, string][] = [
    [null, '-'],
    [0.25, '0.3ms'],
    [99.6, '100ms'],
    [1500, '1.50s'],
  ];
  for (const [ms, text] of times) t.equal(latencyText(ms), text);
  const sizes: [number, string][] = [
    [0, '-'],
    [5, '5B'],
    [1536, '1.5KiB'],
    [300 * 1024 * 1024, '300MiB'],
    [2 ** 60, '1048576TiB'],
  ];
  for (const [bytes, text] of sizes) t.equal(bytesText(bytes), text);
  t.equal(successText(0.99999), '99.99%', 'one failure is never 100 %');
  t.equal(successText(1), '100.00%');
  t.equal(successText(0), '0.00%');
});
