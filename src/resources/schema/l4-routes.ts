import { z } from '../../core/schema.ts';
import type { L4RouteRule, TCPRouteSpec, TLSRouteSpec } from '../route-types.ts';
import { distinct, dnsSubdomain, unsupported } from './fields.ts';
import { MAX_BACKENDS, parentRefs, weightedBackendRef } from './route-refs.ts';
import { ruleName } from './route-rules.ts';

const MAX_HOSTNAMES = 1024;

const rule = z.strictObject({
  name: ruleName,
  backendRefs: z.array(weightedBackendRef).min(1).max(MAX_BACKENDS),
}) satisfies z.ZodType<L4RouteRule>;

const oneRule = z
  .array(rule)
  .min(1)
  .max(1, { error: 'must have one rule: there is nothing to choose among several by' });

/** A name, or `*.` and a name; no address. */
const serverName = z
  .string()
  .min(1)
  .max(253)
  .refine((name) => dnsSubdomain.safeParse(name.replace(/^\*\./, '')).success && !/^[0-9.]+$/.test(name), {
    error: 'must be a name such as api.example or *.example in lower case, not an address',
  });

const common = { parentRefs, rules: oneRule, useDefaultGateways: unsupported('gateways are not supported') };

export const tcpRouteSpec = z.strictObject(common).transform(({ parentRefs, rules }): TCPRouteSpec => {
  return { parentRefs, rules };
});

/** `hostnames` may be absent, as in v1alpha2: every server name. */
export const tlsRouteSpec = z
  .strictObject({ ...common, hostnames: z.array(serverName).max(MAX_HOSTNAMES).superRefine(distinct).default([]) })
  .transform(({ parentRefs, hostnames, rules }): TLSRouteSpec => ({ parentRefs, hostnames, rules }));
