import t from 'tap';
import type { AppProtocol } from '../../../../src/contract/views.ts';
import { Cluster } from '../../../../src/proxy/endpoints/cluster.ts';
import { upstreamProtocol } from '../../../../src/proxy/exchange/upstream-protocol.ts';

t.test('a declared version of HTTP overrules what the client speaks', async (t) => {
  const protocols: Record<AppProtocol, [string, string]> = {
    auto: ['http1', 'http2'],
    tls: ['http1', 'http2'],
    tcp: ['http1', 'http2'],
    http1: ['http1', 'http1'],
    http2: ['http2', 'http2'],
    grpc: ['http2', 'http2'],
  };
  for (const [protocol, expected] of Object.entries(protocols) as [AppProtocol, [string, string]][]) {
    const cluster = new Cluster('k', { service: 's', protocol, loadBalancer: 'RoundRobin' }, []);
    t.same([upstreamProtocol(cluster, 'http1'), upstreamProtocol(cluster, 'http2')], expected, protocol);
  }
  t.equal(upstreamProtocol(null, 'http2'), 'http2');
});
