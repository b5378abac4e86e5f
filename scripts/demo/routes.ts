/** The routes that the demo applies to the running lab. */

interface Weight {
  readonly backend: string;
  readonly weight: number;
}

const HEAD = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: orders, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: orders }]
  rules:
`;

/** All requests for orders, split by weight. */
export function weightedRoute(...weights: readonly Weight[]): string {
  const backends = weights.map(({ backend, weight }) => `{ name: ${backend}, port: 80, weight: ${weight} }`);
  return `${HEAD}  - backendRefs: [${backends.join(', ')}]\n`;
}

/** Requests of group beta go to v2, all others to v1. */
export const AB_ROUTE = `${HEAD}  - matches: [{ headers: [{ name: x-group, value: beta }] }]
    backendRefs: [{ name: orders-v2, port: 80 }]
  - backendRefs: [{ name: orders-v1, port: 80 }]
`;

/** Requests for orders in turn, instead of to whoever has the fewest under way. */
export const ROUND_ROBIN_POLICY = `apiVersion: towpath.dev/v1
kind: BackendTrafficPolicy
metadata: { name: orders, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: orders }]
  loadBalancer: { type: RoundRobin }
`;
