/** What the mesh of this bench consists of. Pure. */
import type { LinkedWorkload } from '../../src/agent/control-types.ts';
import type { ServiceKey } from '../../src/contract/views.ts';

/** Services that the programs of one agent dial. */
const USED = 10;
export const NAMESPACE = 'bench';

export function serviceName(i: number): string {
  return `service-${String(i).padStart(5, '0')}`;
}

/** A Service with a route; the route's timeout tells versions apart. */
export function serviceManifest(i: number): string {
  const name = serviceName(i);
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${NAMESPACE}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 80, targetPort: 8080, appProtocol: http}]}
`;
}

export function routeManifest(i: number, timeoutMs: number): string {
  const name = serviceName(i);
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}, namespace: ${NAMESPACE}}
spec:
  parentRefs: [{group: "", kind: Service, name: ${name}}]
  rules: [{timeouts: {request: ${timeoutMs}ms}, backendRefs: [{name: ${name}, port: 80}]}]
`;
}

/** Each service is used by a few agents, and each agent uses a few services. */
export function servicesOf(agent: number, services: number): ServiceKey[] {
  const used = Array.from({ length: Math.min(USED, services) }, (_, i) => (agent * USED + i) % services);
  return [...new Set(used)].map((i) => `${NAMESPACE}/${serviceName(i)}`);
}

/** The workloads that an agent registers, of `endpoints` in all: those of one service lie on different hosts. */
export function workloadsOf(agent: number, agents: number, services: number, endpoints: number): LinkedWorkload[] {
  const workloads: LinkedWorkload[] = [];
  for (let i = agent; i < endpoints; i += agents) {
    workloads.push({
      namespace: NAMESPACE,
      name: `workload-${i}`,
      labels: { app: serviceName(i % services) },
      address: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`,
      ports: { http: 8080 },
      weight: 1,
      healthy: true,
    });
  }
  return workloads;
}
