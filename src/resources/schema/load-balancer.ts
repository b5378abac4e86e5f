import { z } from '../../core/schema.ts';
import type { ConsistentHashSpec, LoadBalancerSpec } from '../policy-types.ts';
import { defined } from './defined.ts';
import { duration, positiveDuration } from './duration.ts';
import { unsupported } from './fields.ts';
import { headerName } from './header-modifier.ts';
import { cookieName } from './session-persistence.ts';

const oneOnly = 'one is hashed: name one';
const named = z.strictObject({ name: headerName });
const queryParam = z.strictObject({ name: z.string().min(1).max(256) });

const consistentHash = z
  .strictObject({
    /** `Header` is Envoy Gateway's older word for `Headers` with one. */
    type: z.enum(['SourceIP', 'Header', 'Headers', 'Cookie', 'QueryParams']),
    header: named.optional(),
    headers: z.array(named).min(1).max(1, { error: oneOnly }).optional(),
    cookie: z
      .strictObject({
        name: cookieName,
        ttl: duration.optional(),
        attributes: unsupported('attributes of the cookie are not supported: it gets Path=/ and HttpOnly'),
      })
      .optional(),
    queryParams: z.array(queryParam).min(1).max(1, { error: oneOnly }).optional(),
    tableSize: z.literal(65537, { error: 'only 65537 is supported' }).optional(),
  })
  .transform((raw, ctx): ConsistentHashSpec => {
    const wanted = memberFor(raw.type);
    const complain = (path: string, message: string): never => {
      ctx.addIssue({ code: 'custom', message, path: [path] });
      return z.NEVER;
    };
    for (const member of ['header', 'headers', 'cookie', 'queryParams'] as const) {
      if (member !== wanted && raw[member] !== undefined) return complain(member, `does not go with type: ${raw.type}`);
    }
    const { type, header, headers, cookie, queryParams } = raw;
    if (type === 'SourceIP') return { type };
    if (type === 'Header' && header !== undefined) return { type: 'Headers', headers: [header] };
    if (type === 'Headers' && headers !== undefined) return { type, headers };
    if (type === 'Cookie' && cookie !== undefined)
      return { type, cookie: defined({ name: cookie.name, ttl: cookie.ttl }) };
    if (type === 'QueryParams' && queryParams !== undefined) return { type, queryParams };
    return complain(wanted ?? 'type', `this field is required for type: ${type}`);
  });

function memberFor(type: 'SourceIP' | 'Header' | 'Headers' | 'Cookie' | 'QueryParams') {
  if (type === 'SourceIP') return null;
  if (type === 'Header') return 'header';
  if (type === 'Headers') return 'headers';
  return type === 'Cookie' ? 'cookie' : 'queryParams';
}

/** Envoy Gateway's object, or `true` for it. */
const preferLocal = z.union([
  z.boolean(),
  z.strictObject({
    force: unsupported('traffic spills over to other zones when the own one has too few healthy endpoints'),
    minEndpointsThreshold: unsupported('preferring near endpoints does not depend on their number'),
    percentageEnabled: unsupported('preferring near endpoints is for all requests or none'),
  }),
]);

export const loadBalancer = z
  .strictObject({
    type: z.enum(['RoundRobin', 'LeastRequest', 'Random', 'PeakEWMA', 'ConsistentHash']),
    consistentHash: consistentHash.optional(),
    slowStart: z.strictObject({ window: positiveDuration }).optional(),
    zoneAware: z.strictObject({ preferLocal: preferLocal.optional() }).optional(),
    endpointOverride: unsupported('choosing endpoints by header is not supported'),
    backendUtilization: unsupported('balancing by reported load is not supported'),
    dynamicModule: unsupported('modules of Envoy cannot be loaded here'),
  })
  .transform((raw, ctx): LoadBalancerSpec => {
    const { type, consistentHash, slowStart } = raw;
    const near = raw.zoneAware?.preferLocal;
    const complain = (path: string, message: string): void => {
      ctx.addIssue({ code: 'custom', message, path: [path] });
    };
    if (type === 'ConsistentHash' && consistentHash === undefined)
      complain('consistentHash', 'this field is required for type: ConsistentHash');
    if (type !== 'ConsistentHash' && consistentHash !== undefined)
      complain('consistentHash', `does not go with type: ${type}`);
    if (slowStart !== undefined && type !== 'RoundRobin' && type !== 'LeastRequest')
      complain('slowStart', 'goes with RoundRobin and LeastRequest only');
    const local = near !== undefined && near !== false;
    if (local && type === 'ConsistentHash') complain('zoneAware', 'does not go with type: ConsistentHash');
    return { type, ...defined({ consistentHash, slowStart }), ...(local ? { zoneAware: { preferLocal: {} } } : {}) };
  });
