/** Schemas of `cluster-views.ts`. */
import { z } from '../core/schema.ts';
import type {
  ActiveCheckView,
  CircuitBreakerView,
  ClusterTimeoutsView,
  ClusterView,
  HashView,
  OutlierView,
  RetryBudgetView,
  UpstreamTlsView,
} from './cluster-views.ts';
import { faultSchema, sessionPersistenceSchema } from './route-schema.ts';
import { count, ip, name, percent, port, protocol, text, weight } from './schema-words.ts';

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

const hash: z.ZodType<HashView> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('SourceIP') }),
  z.object({ type: z.literal('Header'), name: text.min(1) }),
  z.object({ type: z.literal('Cookie'), name: text.min(1), ttlMs: count.optional() }),
  z.object({ type: z.literal('QueryParam'), name: text.min(1) }),
]);

const circuitBreaker: z.ZodType<CircuitBreakerView> = z.object({
  maxConnections: count.optional(),
  maxPendingRequests: count.optional(),
  maxParallelRequests: count.optional(),
  maxParallelRetries: count.optional(),
  maxRequestsPerConnection: count.optional(),
  maxConnectionsPerEndpoint: count.optional(),
});

const outlier: z.ZodType<OutlierView> = z.object({
  consecutive5xx: count,
  consecutiveGatewayErrors: count,
  consecutiveLocalErrors: count,
  splitLocalErrors: z.boolean(),
  successRate: z.object({ stdevFactor: count, minHosts: count, minRequests: count }).optional(),
  failurePercentage: z.object({ threshold: percent, minRequests: count }).optional(),
  intervalMs: count.min(1),
  baseEjectionMs: count,
  maxEjectionMs: count,
  maxEjectionPercent: percent,
  alwaysEjectOne: z.boolean(),
});

const activeCheck: z.ZodType<ActiveCheckView> = z.object({
  intervalMs: count.min(1),
  timeoutMs: count.min(1),
  unhealthyThreshold: count.min(1),
  healthyThreshold: count.min(1),
  check: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('HTTP'),
      path: text,
      host: name.optional(),
      method: text,
      expectedStatuses: z.array(z.number().int().min(100).max(599)).max(200),
    }),
    z.object({ type: z.literal('TCP') }),
    z.object({ type: z.literal('GRPC'), service: text }),
  ]),
});

const timeouts: z.ZodType<ClusterTimeoutsView> = z.object({
  connectMs: count.optional(),
  requestMs: count.optional(),
  connectionIdleMs: count.optional(),
  maxConnectionMs: count.optional(),
  streamIdleMs: count.optional(),
  maxStreamMs: count.optional(),
  tcpIdleMs: count.optional(),
});

const retryBudget: z.ZodType<RetryBudgetView> = z.object({
  percent,
  intervalMs: count.min(1),
  minCount: count,
  minIntervalMs: count.min(1),
});

export const clusterSchema: z.ZodType<ClusterView> = z.object({
  service: text,
  port,
  protocol,
  loadBalancer: z.enum(['RoundRobin', 'LeastRequest', 'Random', 'PeakEWMA', 'ConsistentHash']),
  hash: hash.optional(),
  endpoints: z.array(
    z.object({
      ip,
      port,
      weight: weight.min(1),
      workload: text,
      locality: z.string().max(256).optional(),
      identity: z.string().max(600).optional(),
    }),
  ),
  tls: tls.optional(),
  names: z
    .array(z.object({ host: name, port, weight: weight.min(1), locality: z.string().max(256).optional() }))
    .max(256)
    .optional(),
  passthrough: z.boolean().optional(),
  slowStartMs: count.optional(),
  preferLocal: z.boolean().optional(),
  panicThreshold: percent.optional(),
  sessionPersistence: sessionPersistenceSchema.optional(),
  circuitBreaker: circuitBreaker.optional(),
  outlier: outlier.optional(),
  activeCheck: activeCheck.optional(),
  timeouts: timeouts.optional(),
  retryBudget: retryBudget.optional(),
  hedgeOnPerTryTimeout: z.boolean().optional(),
  fault: faultSchema.optional(),
});
