/** Schemas of the views. Unknown fields are dropped, not refused: a newer control may add some within this major version. */
import { z } from '../core/schema.ts';
import { clusterSchema } from './cluster-schema.ts';
import { MAX_DIRECTORY_PARTS } from './directory-parts.ts';
import { httpRoutingSchema, l4ActionSchema, tlsEntriesSchema } from './route-schema.ts';
import type { L4ActionView } from './route-views.ts';
import { count, ip, name, port, protocol, text } from './schema-words.ts';
import type { DirectoryView, HttpRoutingView, ServicePortView, ServiceView, ViewVersion } from './views.ts';

export const versionSchema: z.ZodType<ViewVersion> = z.object({
  epoch: count,
  gen: count,
  hash: z.string().regex(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits'),
});

export const directoryViewSchema: z.ZodType<DirectoryView> = z.object({
  version: versionSchema,
  parts: z.number().int().min(1).max(MAX_DIRECTORY_PARTS).optional(),
  services: z.array(
    z.object({
      namespace: name,
      name,
      virtualIps: z.array(ip).max(16),
      ports: z.array(port).max(1024),
      hosts: z.array(name).max(256).optional(),
      addresses: z.array(z.string().max(64)).max(256).optional(),
    }),
  ),
  egress: z.record(name, z.object({ mode: z.enum(['ALLOW_ANY', 'REGISTRY_ONLY']) })).optional(),
});

export const serviceViewSchema: z.ZodType<ServiceView> = z
  .object({
    version: versionSchema,
    namespace: name,
    name,
    virtualIps: z.array(ip).max(16),
    ports: z
      .array(
        z.object({
          name: z.string().max(63),
          port,
          protocol,
          cluster: text,
          http: httpRoutingSchema.nullable(),
          consumers: z.record(name, httpRoutingSchema).optional(),
          tcp: l4ActionSchema.optional(),
          tls: tlsEntriesSchema.optional(),
        }),
      )
      .max(1024),
    clusters: z.record(z.string().max(600), clusterSchema),
  })
  .superRefine((view, context) => {
    const dangling = danglingReference(view);
    if (dangling !== null) context.addIssue({ code: 'custom', message: dangling });
  });

/** A view is complete in itself: every cluster and action that it names is inside. */
function danglingReference(view: ServiceView): string | null {
  const isMissing = (key: string | null): boolean => key !== null && !Object.hasOwn(view.clusters, key);
  for (const servicePort of view.ports) {
    const routings = [servicePort.http ?? NO_ROUTES, ...Object.values(servicePort.consumers ?? {})];
    if (routings.some(({ entries, actions }) => entries.some((entry) => entry.action >= actions.length)))
      return `port ${servicePort.port} names an unknown action`;
    const missing = clustersOf(servicePort, routings).find(isMissing);
    if (missing !== undefined) return `port ${servicePort.port} names the unknown cluster ${missing}`;
  }
  return null;
}

const NO_ROUTES: HttpRoutingView = { entries: [], actions: [] };

function clustersOf(port: ServicePortView, routings: readonly HttpRoutingView[]): (string | null)[] {
  const connections: L4ActionView[] = [...(port.tcp === undefined ? [] : [port.tcp])];
  for (const { action } of port.tls ?? []) connections.push(action);
  const actions = routings.flatMap((routing) => routing.actions);
  const backends = [...actions, ...connections].flatMap((action) => action.backends);
  const mirrors = [...actions, ...actions.flatMap((action) => action.backends)].flatMap(({ mirrors = [] }) => mirrors);
  return [port.cluster, ...backends.map(({ cluster }) => cluster), ...mirrors.map(({ cluster }) => cluster)];
}
