import t from 'tap';
import { formatDot, formatGraph } from '../../../src/cli/format-graph.ts';
import type { MetricsReply } from '../../../src/contract/mesh-metrics.ts';
import { idle } from '../../helpers/example-traffic.ts';

const io = { colour: false };
type Edge = MetricsReply['edges'][number];
const edge = (caller: string, service: string, traffic: Partial<Edge>): Edge => ({
  side: 'outbound',
  caller,
  service,
  ...idle,
  ...traffic,
});
const replyOf = (edges: readonly Edge[]): MetricsReply => ({
  windowSeconds: 60,
  hosts: { reporting: 2, silent: 0 },
  edges: [...edges],
  services: [],
  truncated: false,
});
const reply = replyOf([
  edge('shop/web', 'shop/cache', {
    connectionsPerSecond: 3.1,
    receivedBytesPerSecond: 1200,
    sentBytesPerSecond: 40960,
  }),
  edge('shop/web', 'shop/orders', { requestsPerSecond: 212, success: 0.9, p99Ms: 12 }),
  edge('shop/web', 'shop/idle', {}),
  edge('', '', { requestsPerSecond: 1, success: 1, p99Ms: 1 }),
]);

t.test('text: the busiest of each caller first', async (t) => {
  t.equal(
    formatGraph(reply, io),
    [
      '(unknown)',
      '  -> (outside the mesh)  1.00 req/s  100.00%  p99 1.0ms',
      'shop/web',
      '  -> shop/orders         212 req/s  90.00%  p99 12ms',
      '  -> shop/cache          3.10 conn/s  in 1.2KiB/s  out 40.0KiB/s',
      '',
    ].join('\n'),
  );
  t.equal(formatGraph(replyOf([]), io), '');
});

t.test('DOT: bad calls are red', async (t) => {
  const text = formatDot(reply);
  t.match(text, /^digraph towpath \{\n/);
  t.match(text, '  "shop/web" -> "shop/orders" [label="212 req/s\\n90.00%\\np99 12ms", color="red"];\n');
  t.match(text, '  "(unknown)" -> "(outside the mesh)" [label="1.00 req/s\\n100.00%\\np99 1.0ms"];\n');
  t.notMatch(text, 'idle');
});

t.test('names from outside steer neither the terminal nor DOT', async (t) => {
  const hostile = replyOf([edge('a"\\\u001b[2J', 'b\nc', { requestsPerSecond: 1 })]);
  t.equal(formatGraph(hostile, io), 'a"\\ [2J\n  -> b c  1.00 req/s\n');
  t.match(formatDot(hostile), '"a\\"\\\\\u001b[2J" -> "b\\nc"');
});
