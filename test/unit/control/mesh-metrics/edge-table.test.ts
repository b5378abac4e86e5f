import t from 'tap';
import { metricsQuerySchema, metricsReplySchema } from '../../../../src/contract/mesh-metrics.ts';
import { EdgeTable, IDLE_MS, MAX_EDGES, MAX_ENDINGS } from '../../../../src/control/mesh-metrics/edge-table.ts';
import { meshSamples } from '../../../../src/control/mesh-metrics/mesh-samples.ts';
import { answerQuery } from '../../../../src/control/mesh-metrics/query-metrics.ts';
import { connectionRow, requestRow } from './report-rows.ts';

const HOSTS = { reporting: 2, silent: 0 };

function ask(table: EdgeTable, query: object, now: number) {
  return answerQuery(metricsQuerySchema.parse(query), table.edges(now), HOSTS, now);
}

t.test('what hosts add is summed by who called whom', async (t) => {
  const table = new EdgeTable();
  table.addRequests(requestRow(3), 0);
  table.addRequests(requestRow(2, { route: '', endings: { '200  ': 1, '503 UH ': 1 } }), 1);
  table.addConnections(connectionRow(4, { failed: 1 }), 1);
  table.addRequests(requestRow(0), 2);
  const samples = meshSamples([...table.edges(2)], 2);
  const edge = { side: 'outbound', caller: 'shop/web', service: 'shop/orders' };
  t.strictSame(
    samples.filter(({ name }) => name === 'towpath_mesh_requests_total').map(({ labels, value }) => [labels, value]),
    [
      [{ ...edge, route: 'shop/r/0', code: '200', flags: '', grpc_status: '' }, 3],
      [{ ...edge, route: '', code: '200', flags: '', grpc_status: '' }, 1],
      [{ ...edge, route: '', code: '503', flags: 'UH', grpc_status: '' }, 1],
    ],
  );
  const value = (name: string): number | undefined => samples.find((one) => one.name === name)?.value;
  t.equal(value('towpath_mesh_request_duration_seconds_count'), 5);
  t.equal(value('towpath_mesh_request_bytes_total'), 50);
  t.equal(value('towpath_mesh_response_bytes_total'), 500);
  t.equal(value('towpath_mesh_connections_total'), 4);
  t.equal(value('towpath_mesh_connections_failed_total'), 1);
});

t.test('questions are answered with rates, success and latency', async (t) => {
  const table = new EdgeTable();
  table.addRequests(requestRow(600, { endings: { '200  ': 594, '500  ': 6 } }), 59_000);
  table.addRequests(requestRow(300, { caller: 'shop/cart' }), 59_000);
  table.addRequests(requestRow(900, { side: 'inbound', caller: '', service: 'shop/orders' }), 59_000);
  table.addRequests(requestRow(60, { side: 'inbound', caller: '', service: 'shop/unseen' }), 59_000);
  const reply = ask(table, {}, 59_500);
  t.equal(metricsReplySchema.safeParse(reply).success, true);
  t.same(reply.hosts, HOSTS);
  t.same(
    reply.services.map(({ service, callers, requestsPerSecond }) => [service, callers, requestsPerSecond]),
    [
      ['shop/orders', 2, 15],
      ['shop/unseen', 1, 1],
    ],
    'a call that both ends report is counted once',
  );
  const [edge] = ask(table, { caller: 'shop/web', side: 'outbound' }, 59_500).edges;
  t.match(edge, {
    caller: 'shop/web',
    service: 'shop/orders',
    requestsPerSecond: 10,
    success: 0.99,
    requestsTotal: 600,
  });
  t.ok(Math.abs((edge?.p50Ms ?? 0) - 37.5) < 1e-9);
  t.equal(ask(table, { service: 'shop/nothing' }, 59_500).edges.length, 0);
  t.equal(ask(table, { windowSeconds: 7 }, 59_500).windowSeconds, 10);
});

t.test('edges without traffic are not shown after an hour', async (t) => {
  const table = new EdgeTable();
  table.addRequests(requestRow(3), 0);
  t.equal([...table.edges(IDLE_MS)].length, 1);
  t.equal([...table.edges(IDLE_MS + 1)].length, 0);
  table.addRequests(requestRow(1), IDLE_MS + 2);
  t.equal([...table.edges(IDLE_MS + 2)][0]?.requests, 4, 'and go on where they were');
  table.forgetOld(4 * IDLE_MS);
  table.addRequests(requestRow(1), 4 * IDLE_MS);
  t.equal([...table.edges(4 * IDLE_MS)][0]?.requests, 1);
});

t.test('endings of a route that is gone are forgotten while their edge stays', async (t) => {
  const table = new EdgeTable();
  const routes = (now: number) =>
    meshSamples([...table.edges(now)], now).flatMap(({ name, labels }) =>
      name === 'towpath_mesh_requests_total' ? [labels['route']] : [],
    );
  for (let hour = 0; hour < 4; hour++) {
    table.addRequests(requestRow(1, { route: `shop/r/${hour}` }), hour * IDLE_MS);
    table.forgetOld(hour * IDLE_MS);
  }
  t.same(routes(3 * IDLE_MS), ['shop/r/2', 'shop/r/3']);
  const [edge] = table.edges(3 * IDLE_MS);
  t.equal(edge?.endings.size, 3);
  t.equal(edge?.requests, 4);
});

t.test('however many callers, services and endings there are, memory is bounded and sums are right', async (t) => {
  const table = new EdgeTable();
  const many = MAX_EDGES + 1000;
  for (let i = 0; i < many; i++) {
    table.addRequests(requestRow(1, { service: `shop/s${i}`, endings: { [`200 F${i % 7} `]: 1 } }), 0);
    for (let n = 0; n < 5; n++) table.addRequests(requestRow(1, { service: `shop/s${i}`, route: `r${n}` }), 0);
  }
  const edges = [...table.edges(0)];
  t.equal(edges.length, MAX_EDGES + 1);
  t.equal(
    edges.reduce((sum, { requests }) => sum + requests, 0),
    many * 6,
  );
  const samples = meshSamples(edges, 0).filter(({ name }) => name === 'towpath_mesh_requests_total');
  t.ok(samples.length < MAX_ENDINGS + MAX_EDGES * 2, `${samples.length} series`);
  t.equal(
    samples.reduce((sum, { value }) => sum + value, 0),
    many * 6,
  );
  t.ok(table.overflows > 0);
  const reply = ask(table, {}, 0);
  t.equal(reply.truncated, true);
  t.ok(JSON.stringify(reply).length < 1_000_000, 'an answer fits into a message');
});
