/** Which protocol an endpoint is spoken to in. */
import type { Cluster } from '../endpoints/cluster.ts';

export type HttpProtocol = 'http1' | 'http2';

/** What the service declares; else what the client speaks, whom the program dialled as an endpoint is known to understand. */
export function upstreamProtocol(cluster: Cluster | null, client: HttpProtocol): HttpProtocol {
  if (cluster === null) return client;
  switch (cluster.protocol) {
    case 'http2':
    case 'grpc':
      return 'http2';
    case 'http1':
      return 'http1';
    case 'auto':
    case 'tls':
    case 'tcp':
      return client;
  }
}
