import { z } from '../../core/schema.ts';
import { type BackendTrafficPolicySpec, isRouteTarget, type PolicyTarget } from '../policy-types.ts';
import { defined } from './defined.ts';
import { faultInjection } from './fault-injection.ts';
import { dnsLabel, dnsSubdomain, portName, targetRefList, unsupported } from './fields.ts';
import { healthCheck } from './health-check.ts';
import { loadBalancer } from './load-balancer.ts';
import { circuitBreaker, timeout } from './policy-limits.ts';
import { policyRetry, retryConstraint } from './policy-retry.ts';
import { rateLimit } from './rate-limit.ts';
import { sessionPersistence } from './session-persistence.ts';

const MAX_TARGETS = 16;
const ROUTE_GROUP = 'gateway.networking.k8s.io';
const ENTRY_GROUP = 'networking.istio.io';
const OWN_NAMESPACE = 'a policy applies to Services and routes of its own namespace';

const targetRef = z
  .strictObject({
    group: z.enum(['', ENTRY_GROUP, ROUTE_GROUP]).optional(),
    kind: z.enum(['Service', 'ServiceEntry', 'HTTPRoute', 'GRPCRoute']),
    name: dnsSubdomain,
    sectionName: dnsSubdomain.optional(),
    namespace: unsupported(OWN_NAMESPACE),
  })
  .transform(({ group, kind, name, sectionName }, ctx): PolicyTarget => {
    const complain = (path: string, message: string): void => {
      ctx.addIssue({ code: 'custom', message, path: [path] });
    };
    const section = defined({ sectionName });
    if (kind === 'HTTPRoute' || kind === 'GRPCRoute') {
      if (group !== ROUTE_GROUP) complain('group', `a route has group: ${ROUTE_GROUP}`);
      return { group: ROUTE_GROUP, kind, name, ...section };
    }
    if (!dnsLabel.safeParse(name).success) complain('name', `the name of a ${kind} has no "."`);
    if (sectionName !== undefined && !portName.safeParse(sectionName).success)
      complain('sectionName', 'must be the name of a port');
    if (kind === 'Service') {
      if (group !== undefined && group !== '') complain('group', 'a Service has group: ""');
      return { group: '', kind, name, ...section };
    }
    if (group !== ENTRY_GROUP) complain('group', `a ServiceEntry has group: ${ENTRY_GROUP}`);
    return { group: ENTRY_GROUP, kind, name, ...section };
  });

const targetRefs = targetRefList(
  targetRef,
  MAX_TARGETS,
  ({ kind, name, sectionName }) => `${kind} ${name} ${sectionName ?? ''}`,
);

/** Settings of endpoints and connections, which routes share with everybody else who uses the same Service. */
const SERVICE_ONLY = ['loadBalancer', 'circuitBreaker', 'healthCheck', 'retryConstraint', 'hedge'] as const;

export const backendTrafficPolicySpec = z
  .strictObject({
    targetRefs,
    loadBalancer: loadBalancer.optional(),
    circuitBreaker: circuitBreaker.optional(),
    healthCheck: healthCheck.optional(),
    timeout: timeout.optional(),
    retryConstraint: retryConstraint.optional(),
    hedge: z.strictObject({ onPerTryTimeout: z.boolean().default(false) }).optional(),
    retry: policyRetry.optional(),
    faultInjection: faultInjection.optional(),
    sessionPersistence: sessionPersistence.optional(),
    rateLimit: rateLimit.optional(),
    targetRef: unsupported('write targetRefs, a list'),
    targetSelectors: unsupported('targets are named under targetRefs'),
    mergeType: unsupported('policies are not merged: the most specific, then the oldest applies'),
    compression: unsupported('bodies pass unchanged'),
    compressor: unsupported('bodies pass unchanged'),
    connection: unsupported('buffer sizes and socket settings are not configurable'),
    dns: unsupported('host names are resolved at the pace of their records'),
    http2: unsupported('HTTP/2 settings are not supported yet'),
    httpUpgrade: unsupported('every upgrade passes'),
    proxyProtocol: unsupported('the PROXY protocol is not supported yet'),
    requestBuffer: unsupported('bodies are passed on as they come'),
    responseOverride: unsupported('answers of the backends pass unchanged'),
    tcpKeepalive: unsupported('TCP settings are not supported yet'),
    telemetry: unsupported('telemetry is not a matter of traffic policies'),
    useClientProtocol: unsupported('the protocol of the caller is always kept'),
  })
  .superRefine((spec, ctx) => {
    for (const [path, kind] of settingsByTarget(spec)) {
      const other = spec.targetRefs.findIndex((ref) => isRouteTarget(ref) !== (kind === 'route'));
      if (other === -1) continue;
      const targets = kind === 'Service' ? 'Services' : 'routes';
      const message = `goes with targets that are ${targets}; targetRefs[${other}] is not one`;
      ctx.addIssue({ code: 'custom', message, path: [...path] });
    }
    const entry = spec.targetRefs.findIndex(({ kind }) => kind === 'ServiceEntry');
    if (spec.rateLimit !== undefined && entry >= 0) {
      const message = `goes with Services and routes; targetRefs[${entry}] is a ServiceEntry, which has no agent to count`;
      ctx.addIssue({ code: 'custom', message, path: ['rateLimit'] });
    }
  })
  .transform((spec): BackendTrafficPolicySpec => defined(spec));

/** The settings that are there and mean something to one kind of target only. */
function settingsByTarget(spec: BackendTrafficPolicySpec): [readonly PropertyKey[], 'Service' | 'route'][] {
  const found: [readonly PropertyKey[], 'Service' | 'route'][] = [];
  for (const field of SERVICE_ONLY) if (spec[field] !== undefined) found.push([[field], 'Service']);
  if (spec.timeout?.tcp !== undefined) found.push([['timeout', 'tcp'], 'Service']);
  const { requestTimeout: _, ...ofConnections } = spec.timeout?.http ?? {};
  for (const field of Object.keys(ofConnections)) found.push([['timeout', 'http', field], 'Service']);
  if (spec.retry !== undefined) found.push([['retry'], 'route']);
  if (spec.rateLimit?.global !== undefined) found.push([['rateLimit', 'global'], 'Service']);
  for (const [i, { clientSelectors }] of (spec.rateLimit?.local?.rules ?? []).entries()) {
    const of = clientSelectors.findIndex(({ caller }) => caller !== undefined);
    if (of >= 0) found.push([['rateLimit', 'local', 'rules', i, 'clientSelectors', of, 'caller'], 'Service']);
  }
  return found;
}
