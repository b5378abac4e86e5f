import t from 'tap';
import { PoolGauges } from '../../../src/proxy/pool-gauges.ts';
import { ProxyRig } from '../../helpers/proxy-rig.ts';
import { check, ruledService } from './support/http2-rig.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CLUSTER = { cluster: 'shop/orders:80' };

t.test('connections, requests and open breakers are seen, and back at zero', async (t) => {
  const rig = new ProxyRig();
  const waiting: (() => unknown)[] = [];
  const { port } = await rig.serve((socket) => socket.on('data', () => waiting.push(() => socket.write(OK))));
  rig.service(ruledService([port], {}, { circuitBreaker: { maxParallelRequests: 2 } }, 'http1'));
  const gauges = new PoolGauges(rig.context.counters);
  const read = (name: string, labels = {}): number => rig.count(name, { ...CLUSTER, ...labels });
  const all = (): number[] => [
    read('towpath_upstream_connections'),
    read('towpath_upstream_connections_idle'),
    read('towpath_upstream_requests_active'),
    read('towpath_circuit_breaker_open', { limit: 'requests' }),
    read('towpath_circuit_breaker_open', { limit: 'connections' }),
  ];
  gauges.publish(rig.context);
  t.notOk(
    rig.counted().some(({ name }) => name === 'towpath_upstream_connections'),
    'a cluster nobody calls has no series',
  );
  const clients = [await rig.client(), await rig.client()];
  for (const client of clients) client.send(GET);
  await rig.until(() => waiting.length === 2, 'two requests');
  gauges.publish(rig.context);
  t.same(all(), [2, 0, 2, 1, 0]);
  for (const answer of waiting) answer();
  await rig.until(() => clients.every(({ text }) => text === OK), 'the answers');
  gauges.publish(rig.context);
  t.same(all(), [2, 2, 0, 0, 0]);
  for (const { idle } of rig.context.outbound.all()) while (idle.length > 0) idle[0].discard();
  gauges.publish(rig.context);
  t.same(all(), [0, 0, 0, 0, 0]);
  await check(t, rig);
});

t.test('a cluster that leaves with its last view leaves zeros', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.on('data', () => socket.write(OK)));
  rig.service(ruledService([port], {}, {}, 'http1'));
  const gauges = new PoolGauges(rig.context.counters);
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.text === OK, 'the answer');
  gauges.publish(rig.context);
  t.equal(rig.count('towpath_upstream_connections', CLUSTER), 1);
  rig.context.table.removeService('shop/orders');
  for (const { idle } of rig.context.outbound.all()) while (idle.length > 0) idle[0].discard();
  gauges.publish(rig.context);
  t.equal(rig.count('towpath_upstream_connections', CLUSTER), 0);
  await check(t, rig);
});

t.test('ejected endpoints are counted for each cluster', async (t) => {
  const rig = new ProxyRig();
  const healths = [
    { key: 'shop/orders:80', ejected: 2 },
    { key: 'shop/cart:80', ejected: 0 },
  ];
  const gauges = new PoolGauges(rig.context.counters);
  const { outbound } = rig.context;
  const table = { traffic: { all: () => [] }, healths: { all: () => healths } };
  const publish = (): void => gauges.publish({ outbound, table } as unknown as Parameters<PoolGauges['publish']>[0]);
  publish();
  t.equal(rig.count('towpath_endpoints_ejected', CLUSTER), 2);
  t.equal(rig.counted().filter(({ name }) => name === 'towpath_endpoints_ejected').length, 1);
  healths.length = 0;
  publish();
  t.equal(rig.count('towpath_endpoints_ejected', CLUSTER), 0);
  await rig.end();
});
