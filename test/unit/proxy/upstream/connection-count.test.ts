import t from 'tap';
import { ClusterTraffic } from '../../../../src/proxy/endpoints/cluster-traffic.ts';
import { ConnectionCount, refusesConnection } from '../../../../src/proxy/upstream/connection-count.ts';

t.test('a connection is pending until it is established, and counted until it is over', (t) => {
  const traffic = new ClusterTraffic('shop/orders:80');
  traffic.configure({ circuitBreaker: { maxConnections: 1, maxPendingRequests: 1 } });
  const endpoint = { connections: 0 };
  t.equal(refusesConnection(traffic, endpoint), null);
  const count = new ConnectionCount(endpoint, traffic);
  t.equal(refusesConnection(traffic, endpoint), 'pending');
  count.established();
  count.established();
  t.same([endpoint.connections, traffic.connections, traffic.pending], [1, 1, 0]);
  t.equal(refusesConnection(traffic, endpoint), 'connections');
  t.equal(refusesConnection(traffic, { connections: 0 }), null, 'the first one of another endpoint');
  t.equal(refusesConnection(null, endpoint), null);
  count.end();
  count.end();
  t.same([endpoint.connections, traffic.connections, traffic.pending], [0, 0, 0]);
  t.end();
});

t.test('one that never came about gives both places back', (t) => {
  const traffic = new ClusterTraffic('shop/orders:80');
  const endpoint = { connections: 0 };
  new ConnectionCount(endpoint, traffic).end();
  t.same([endpoint.connections, traffic.connections, traffic.pending], [0, 0, 0]);
  t.end();
});
