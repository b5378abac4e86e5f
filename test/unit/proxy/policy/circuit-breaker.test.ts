import t from 'tap';
import { mayConnect, thresholdsOf, USUAL_THRESHOLDS } from '../../../../src/proxy/policy/circuit-breaker.ts';

t.test(
  'what is not said is 1024 for requests, and without limit for connections, one of them, or one endpoint',
  (t) => {
    const { connections, pending, requests, retries, requestsPerConnection, connectionsPerEndpoint } = thresholdsOf({});
    t.same([connections, pending, requests, retries], [Number.POSITIVE_INFINITY, 1024, 1024, 1024]);
    t.same([requestsPerConnection, connectionsPerEndpoint], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    t.same(thresholdsOf(undefined), USUAL_THRESHOLDS);
    t.match(thresholdsOf({ maxConnections: 0, maxParallelRequests: 3, maxRequestsPerConnection: 1 }), {
      connections: 0,
      requests: 3,
      requestsPerConnection: 1,
      pending: 1024,
    });
    t.end();
  },
);

t.test('a connection more: within both limits, and always the first one of an endpoint', (t) => {
  const rows: [connections: number, perEndpoint: number, ofCluster: number, ofEndpoint: number, allowed: boolean][] = [
    [2, 9, 0, 0, true],
    [2, 9, 1, 1, true],
    [2, 9, 2, 2, false],
    [2, 9, 2, 0, true],
    [2, 1, 1, 1, false],
    [9, 1, 5, 0, true],
    [0, 9, 0, 0, false],
  ];
  for (const [maxConnections, maxConnectionsPerEndpoint, ofCluster, ofEndpoint, allowed] of rows) {
    const thresholds = thresholdsOf({ maxConnections, maxConnectionsPerEndpoint });
    t.equal(mayConnect(thresholds, ofCluster, ofEndpoint), allowed, JSON.stringify(thresholds));
  }
  t.end();
});
