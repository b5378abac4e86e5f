/** Schemas of the views. Unknown fields are dropped, not refused: a newer control may add some within this major version. */
import { isIP } from 'node:net';
import { z } from '../core/schema.ts';
import type {
  ClusterView,
  DirectoryView,
  HttpRoutingView,
  RouteActionView,
  ServiceView,
  UpstreamTlsView,
  ViewVersion,
} from './views.ts';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const port = z.number().int().min(1).max(65535);
const name = z.string().min(1).max(253);
const ip = z
  .string()
  .max(45)
  .refine((text) => isIP(text) !== 0, 'must be an IP address');
const text = z.string().max(8192);
const protocol = z.enum(['auto', 'http1', 'http2', 'grpc', 'tls', 'tcp']);

export const versionSchema: z.ZodType<ViewVersion> = z.object({
  epoch: count,
  gen: count,
  hash: z.string().regex(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits'),
});

export const directoryViewSchema: z.ZodType<DirectoryView> = z.object({
  version: versionSchema,
  services: z.array(
    z.object({ namespace: name, name, virtualIps: z.array(ip).max(16), ports: z.array(port).max(1024) }),
  ),
});

const nameValues = z.array(z.object({ name: text, value: text })).max(256);
const headerEdit = z.object({ set: nameValues, add: nameValues, remove: z.array(text).max(256) }).nullable();
const weight = z.number().int().min(0).max(1_000_000);

const action: z.ZodType<RouteActionView> = z.object({
  route: text,
  rule: text,
  backends: z.array(z.object({ cluster: text.nullable(), weight, requestHeaders: headerEdit })).max(256),
  requestHeaders: headerEdit,
  requestTimeoutMs: count.nullable(),
});

const http: z.ZodType<HttpRoutingView> = z.object({
  entries: z.array(
    z.object({
      path: z.object({ type: z.enum(['Exact', 'PathPrefix']), value: text }).nullable(),
      method: text.nullable(),
      headers: nameValues,
      query: nameValues,
      action: count,
    }),
  ),
  actions: z.array(action),
});

const tls: z.ZodType<UpstreamTlsView> = z.object({
  serverName: name,
  hosts: z.array(name).max(16),
  uris: z.array(name).max(16),
  trusted: z.discriminatedUnion('type', [
    z.object({ type: z.literal('system') }),
    z.object({ type: z.literal('certificates'), pem: z.string().max(65_536) }),
    z.object({ type: z.literal('unusable'), sentence: text }),
  ]),
});

const cluster: z.ZodType<ClusterView> = z.object({
  service: text,
  port,
  protocol,
  loadBalancer: z.enum(['RoundRobin', 'LeastRequest']),
  endpoints: z.array(z.object({ ip, port, weight: weight.min(1), workload: text })),
  tls: tls.optional(),
});

export const serviceViewSchema: z.ZodType<ServiceView> = z
  .object({
    version: versionSchema,
    namespace: name,
    name,
    virtualIps: z.array(ip).max(16),
    ports: z
      .array(z.object({ name: z.string().max(63), port, protocol, cluster: text, http: http.nullable() }))
      .max(1024),
    clusters: z.record(z.string().max(600), cluster),
  })
  .superRefine((view, context) => {
    const dangling = danglingReference(view);
    if (dangling !== null) context.addIssue({ code: 'custom', message: dangling });
  });

/** A view is complete in itself: every cluster and action that it names is inside. */
function danglingReference(view: ServiceView): string | null {
  const known = (key: string | null): boolean => key === null || Object.hasOwn(view.clusters, key);
  for (const servicePort of view.ports) {
    if (!known(servicePort.cluster)) return `port ${servicePort.port} names the unknown cluster ${servicePort.cluster}`;
    const { entries, actions } = servicePort.http ?? { entries: [], actions: [] };
    if (entries.some((entry) => entry.action >= actions.length))
      return `port ${servicePort.port} names an unknown action`;
    const missing = actions.flatMap((a) => a.backends).find((backend) => !known(backend.cluster));
    if (missing !== undefined) return `port ${servicePort.port} names the unknown cluster ${missing.cluster}`;
  }
  return null;
}
