import { z } from '../../core/schema.ts';
import type { BackendTrafficPolicySpec } from '../types.ts';
import { dnsLabel, refuseRepeats, unsupported } from './fields.ts';

const LATER_BALANCERS = ['Random', 'ConsistentHash', 'PeakEWMA'];

const loadBalancer = z.strictObject({
  type: z.enum(['RoundRobin', 'LeastRequest'], {
    error: ({ input }) =>
      typeof input === 'string' && LATER_BALANCERS.includes(input)
        ? `${input} is not supported yet; use RoundRobin or LeastRequest`
        : undefined,
  }),
  consistentHash: unsupported('consistent hashing is not supported yet'),
  slowStart: unsupported('slow start is not supported yet'),
  zoneAware: unsupported('preferring near endpoints is not supported yet'),
  endpointOverride: unsupported('choosing endpoints by header is not supported yet'),
});

const targetRef = z.strictObject({
  group: z.literal('', { error: 'only Services can be targeted for now: write group: ""' }).default(''),
  kind: z.literal('Service', { error: 'only Services can be targeted for now: write kind: Service' }),
  name: dnsLabel,
  sectionName: unsupported('a policy applies to all ports of its Service for now'),
  namespace: unsupported('a policy applies to Services of its own namespace'),
});

export const backendTrafficPolicySpec = z
  .strictObject({
    targetRefs: z
      .array(targetRef)
      .min(1)
      .max(16)
      .superRefine((refs, ctx) => {
        refuseRepeats(
          refs,
          ({ name }) => name,
          (i, first) => ctx.addIssue({ code: 'custom', message: `repeats targetRefs[${first}]`, path: [i] }),
        );
      }),
    loadBalancer: loadBalancer.optional(),
    targetRef: unsupported('write targetRefs, a list'),
    targetSelectors: unsupported('targets are named under targetRefs'),
    circuitBreaker: unsupported('circuit breakers are not supported yet'),
    connection: unsupported('connection settings are not supported yet'),
    dns: unsupported('host names as endpoints are not supported yet'),
    faultInjection: unsupported('fault injection is not supported yet'),
    healthCheck: unsupported('health checks from the caller are not supported yet; agents probe their own workloads'),
    http2: unsupported('HTTP/2 settings are not supported yet'),
    proxyProtocol: unsupported('the PROXY protocol is not supported yet'),
    rateLimit: unsupported('rate limits are not supported yet'),
    retry: unsupported('retries are not supported yet'),
    retryConstraint: unsupported('retry budgets are not supported yet'),
    sessionPersistence: unsupported('session persistence is not supported yet'),
    tcpKeepalive: unsupported('TCP settings are not supported yet'),
    timeout: unsupported(
      'timeouts of connections are not supported yet; a request has timeouts.request in its HTTPRoute',
    ),
    useClientProtocol: unsupported('the protocol of the caller is always kept'),
  })
  .transform(({ targetRefs, loadBalancer }): BackendTrafficPolicySpec => {
    return {
      targetRefs: targetRefs.map(({ group, kind, name }) => ({ group, kind, name })),
      ...(loadBalancer === undefined ? {} : { loadBalancer: { type: loadBalancer.type } }),
    };
  });
