import { z } from '../../core/schema.ts';
import { parseDuration } from '../parse-duration.ts';
import type { HTTPBackendRef, HTTPRouteRule, HTTPRouteSpec, ParentRef } from '../types.ts';
import { dnsLabel, dnsSubdomain, portName, portNumber, refuseRepeats, unsupported } from './fields.ts';
import { filters } from './header-modifier.ts';
import { httpMatch, MATCH_EVERYTHING } from './http-match.ts';

const MAX_RULES = 16;
const MAX_MATCHES = 64;
const MAX_MATCHES_OF_ROUTE = 128;
const MAX_BACKENDS = 16;
const MAX_PARENTS = 32;

const NOT_A_SERVICE = 'a route attaches to a Service here: write group: "" and kind: Service';

const parentRef = z.strictObject({
  group: z.literal('', { error: NOT_A_SERVICE }),
  kind: z.literal('Service', { error: NOT_A_SERVICE }),
  name: dnsLabel,
  namespace: dnsLabel.optional(),
  sectionName: portName.optional(),
  port: portNumber.optional(),
}) satisfies z.ZodType<ParentRef>;

const parentRefs = z
  .array(parentRef)
  .min(1)
  .max(MAX_PARENTS)
  .superRefine((refs, ctx) => {
    const target = (ref: ParentRef): string => `${ref.namespace ?? ''}/${ref.name}`;
    const complain = (i: number, message: string): void => ctx.addIssue({ code: 'custom', message, path: [i] });
    refuseRepeats(
      refs,
      (ref) => `${target(ref)} ${ref.port ?? ''} ${ref.sectionName ?? ''}`,
      (i, first) => complain(i, `repeats parentRefs[${first}]`),
    );
    for (const [i, ref] of refs.entries()) {
      const whole = ref.port === undefined && ref.sectionName === undefined;
      const others = refs.some((other, j) => j !== i && target(other) === target(ref));
      if (whole && others) complain(i, 'name a port: another parentRef is for the same Service');
    }
  });

const backendRef = z
  .strictObject({
    group: z.string().max(253).default(''),
    kind: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/, { error: 'must be a kind' })
      .default('Service'),
    name: dnsSubdomain,
    namespace: dnsLabel.optional(),
    port: portNumber.optional(),
    weight: z.int().min(0).max(1_000_000).default(1),
    filters,
  })
  .superRefine((ref, ctx) => {
    if (ref.group === '' && ref.kind === 'Service' && ref.port === undefined) {
      ctx.addIssue({ code: 'custom', message: 'this field is required for a Service', path: ['port'] });
    }
  }) satisfies z.ZodType<HTTPBackendRef>;

const duration = z.string().refine((text) => parseDuration(text) !== null, {
  error: 'must be a duration such as 500ms, 10s or 1m30s (whole numbers with h, m, s or ms; 0s means none)',
});

const timeouts = z.strictObject({
  request: duration.optional(),
  backendRequest: unsupported('timeouts of one try are not supported yet; use timeouts.request'),
});

const rule = z
  .strictObject({
    name: dnsSubdomain.optional(),
    matches: z.array(httpMatch).max(MAX_MATCHES).default([]),
    filters,
    backendRefs: z.array(backendRef).max(MAX_BACKENDS).default([]),
    timeouts: timeouts.optional(),
    retry: unsupported('retries are not supported yet'),
    sessionPersistence: unsupported('session persistence is not supported yet'),
  })
  .transform(({ name, matches, filters, backendRefs, timeouts }): HTTPRouteRule => {
    return {
      ...(name === undefined ? {} : { name }),
      matches: matches.length === 0 ? [MATCH_EVERYTHING] : matches,
      filters,
      backendRefs,
      ...(timeouts?.request === undefined ? {} : { timeouts: { request: timeouts.request } }),
    };
  });

const DEFAULT_RULE: HTTPRouteRule = { matches: [MATCH_EVERYTHING], filters: [], backendRefs: [] };

const rules = z
  .array(rule)
  .min(1)
  .max(MAX_RULES)
  .superRefine((list, ctx) => {
    const total = list.reduce((sum, { matches }) => sum + matches.length, 0);
    if (total > MAX_MATCHES_OF_ROUTE) {
      ctx.addIssue({
        code: 'custom',
        message: `must have at most ${MAX_MATCHES_OF_ROUTE} matches together, not ${total}`,
      });
    }
    const named = list.map(({ name }, i) => name ?? `#${i}`);
    refuseRepeats(
      named,
      (name) => name,
      (i, first) =>
        ctx.addIssue({ code: 'custom', message: `rules[${first}] has this name already`, path: [i, 'name'] }),
    );
  });

export const httpRouteSpec = z
  .strictObject({
    parentRefs,
    hostnames: z.array(z.string().min(1).max(253)).max(16).default([]),
    rules: rules.optional(),
    useDefaultGateways: unsupported('gateways are not supported'),
  })
  .transform((spec): HTTPRouteSpec => {
    return { parentRefs: spec.parentRefs, hostnames: spec.hostnames, rules: spec.rules ?? [DEFAULT_RULE] };
  });
