/** What the tests of exchanges share. */
import { createServer } from 'node:net';
import type { Test } from 'tap';
import type { ClusterView, HttpRoutingView, RouteActionView, ServiceView } from '../../../../src/contract/views.ts';
import { type ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';

export const INTERNAL_ERROR = 2;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const GRPC = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

/** Ends the rig: nothing may be left over. */
export async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
  for (const endpoint of rig.context.outbound.all()) t.equal(endpoint.active, 0, 'nothing is counted as in flight');
}

/** One rule for everything, with that limit. */
export function routed(timeoutMs: number | null): HttpRoutingView {
  return ruled({ requestTimeoutMs: timeoutMs });
}

/** One rule for everything. */
export function ruled(action: Partial<RouteActionView>): HttpRoutingView {
  const backends = [{ cluster: 'shop/orders:80', weight: 1, requestHeaders: null }];
  return {
    entries: [{ path: { type: 'PathPrefix', value: '/' }, method: null, headers: [], query: [], action: 0 }],
    actions: [{ route: 'shop/r', rule: '0', backends, requestHeaders: null, requestTimeoutMs: null, ...action }],
  };
}

/** A service with that rule and that policy of its cluster. */
export function ruledService(
  ports: readonly number[],
  action: Partial<RouteActionView>,
  policy: Partial<ClusterView> = {},
  protocol: ClusterView['protocol'] = 'auto',
): ServiceView {
  const view = serviceView(ports, { protocol, http: ruled(action) });
  const clusters = Object.fromEntries(
    Object.entries(view.clusters).map(([key, cluster]) => [key, { ...cluster, ...policy }]),
  );
  return { ...view, clusters };
}

/** A port that was free a moment ago. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const where = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (where === null || typeof where === 'string') throw new Error('no port');
  return where.port;
}
