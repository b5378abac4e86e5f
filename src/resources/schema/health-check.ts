import { z } from '../../core/schema.ts';
import { parseDuration } from '../parse-duration.ts';
import type { ActiveHealthCheckSpec, HealthCheckSpec, PassiveHealthCheckSpec } from '../policy-types.ts';
import { defined } from './defined.ts';
import { durationWithin, positiveDuration } from './duration.ts';
import { dnsSubdomain, unsupported } from './fields.ts';

const consecutive = z.int().min(0).max(1_000_000);
const percentage = z.int().min(0).max(100);
const volume = z.int().min(1).max(1_000_000);

/** Envoy's outlier detection. Defaults for meshes of few hosts: with Envoy's 10 % nothing may ever be ejected of three. */
const passive = z
  .strictObject({
    consecutive5XxErrors: consecutive.default(5),
    consecutiveGatewayErrors: consecutive.default(0),
    consecutiveLocalOriginFailures: consecutive.default(5),
    splitExternalLocalOriginErrors: z.boolean().default(false),
    failurePercentageThreshold: percentage
      .min(1, { error: 'must be at least 1; leave it out to switch it off' })
      .optional(),
    failurePercentageRequestVolume: volume.default(50),
    successRate: z
      .strictObject({
        minimumHosts: volume.default(5),
        requestVolume: volume.default(100),
        stdevFactor: z.int().min(0).max(1_000_000).default(1900),
      })
      .optional(),
    interval: positiveDuration.default('10s'),
    baseEjectionTime: positiveDuration.default('30s'),
    maxEjectionTime: positiveDuration.default('5m'),
    maxEjectionPercent: percentage.default(50),
    alwaysEjectOneEndpoint: z.boolean().default(false),
  })
  .superRefine(({ baseEjectionTime, maxEjectionTime }, ctx) => {
    if ((parseDuration(maxEjectionTime) ?? 0) >= (parseDuration(baseEjectionTime) ?? 0)) return;
    ctx.addIssue({ code: 'custom', message: 'must not be shorter than baseEjectionTime', path: ['maxEjectionTime'] });
  })
  .transform((spec): PassiveHealthCheckSpec => defined(spec));

const httpPath = z
  .string()
  .max(1024)
  .regex(/^\/[\x21-\x7e]*$/, { error: 'must be a path that starts with "/", such as /healthz' });

const http = z
  .strictObject({
    path: httpPath,
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']).default('GET'),
    hostname: dnsSubdomain.optional(),
    expectedStatuses: z
      .array(z.int().min(100).max(599))
      .min(1)
      .max(200)
      .default(() => [200]),
    retriableStatuses: unsupported('every status that is not expected counts; see unhealthyThreshold'),
    expectedResponse: unsupported('bodies are not compared; use expectedStatuses'),
  })
  .transform((spec) => defined(spec));

const tcp = z.strictObject({
  send: unsupported('nothing is sent: a connection that opens is healthy'),
  receive: unsupported('nothing is awaited: a connection that opens is healthy'),
});

const active = z
  .strictObject({
    type: z.enum(['HTTP', 'TCP', 'GRPC']),
    interval: durationWithin('100ms', '1h').default('10s'),
    timeout: durationWithin('1ms', '5m').default('1s'),
    unhealthyThreshold: z.int().min(1).max(1000).default(3),
    healthyThreshold: z.int().min(1).max(1000).default(1),
    http: http.optional(),
    tcp: tcp.optional(),
    grpc: z.strictObject({ service: z.string().max(256).default('') }).optional(),
    initialJitter: unsupported('first checks are spread by the agents themselves'),
    overrides: unsupported('checks go to the port that traffic goes to'),
  })
  .transform((raw, ctx): ActiveHealthCheckSpec => {
    const { type, interval, timeout, unhealthyThreshold, healthyThreshold } = raw;
    const pace = { interval, timeout, unhealthyThreshold, healthyThreshold };
    for (const member of ['http', 'tcp', 'grpc'] as const) {
      if (raw[member] === undefined || member === type.toLowerCase()) continue;
      ctx.addIssue({ code: 'custom', message: `does not go with type: ${type}`, path: [member] });
    }
    if (type === 'TCP') return { type, ...pace };
    if (type === 'GRPC') return { type, ...pace, grpc: raw.grpc ?? { service: '' } };
    if (raw.http !== undefined) return { type, ...pace, http: raw.http };
    ctx.addIssue({ code: 'custom', message: 'this field is required for type: HTTP', path: ['http'] });
    return z.NEVER;
  });

export const healthCheck = z
  .strictObject({
    passive: passive.optional(),
    active: active.optional(),
    panicThreshold: percentage.default(0),
  })
  .transform((spec): HealthCheckSpec => defined(spec));
