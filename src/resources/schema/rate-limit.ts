import { z } from '../../core/schema.ts';
import { canonicalCidr, canonicalIp } from '../ip-address.ts';
import type {
  CallerSelector,
  ClientSelector,
  GlobalRateLimitRule,
  HeaderSelector,
  RateLimitRule,
  RateLimitSpec,
  RateLimitValue,
} from '../rate-limit-types.ts';
import { defined } from './defined.ts';
import { durationWithin } from './duration.ts';
import { distinct, refuseRepeats, unsupported } from './fields.ts';
import { headerName, headerValue } from './header-modifier.ts';
import { METHODS, pathMatch } from './http-match.ts';
import { type PatternAt, refusePatterns } from './pattern.ts';

const MAX_RULES = 16;
const MAX_SELECTORS = 8;
const MAX_HEADERS = 16;
const MAX_OVERRIDES = 64;
const MAX_CALLERS = 64;
/** What the buckets count up to. */
const MAX_REQUESTS = 10_000_000;
const NO_INVERT = unsupported('conditions cannot be inverted');

const header = z
  .strictObject({
    type: z.enum(['Exact', 'RegularExpression', 'Distinct']).default('Exact'),
    name: headerName,
    value: z.string().min(1).max(4096).optional(),
    invert: NO_INVERT,
  })
  .transform(({ type, name, value }, ctx): HeaderSelector => {
    const complain = (message: string): void => void ctx.addIssue({ code: 'custom', message, path: ['value'] });
    if (type === 'Distinct') {
      if (value !== undefined) complain('does not go with type: Distinct');
      return { type, name };
    }
    if (value === undefined) complain(`this field is required for type: ${type}`);
    else if (type === 'Exact' && !headerValue.safeParse(value).success) complain('must be printable ASCII');
    return { type, name, value: value ?? '' };
  });

const headers = z
  .array(header)
  .min(1)
  .max(MAX_HEADERS)
  .superRefine((list, ctx) => {
    refuseRepeats(
      list,
      ({ name }) => name.toLowerCase(),
      (i, first) =>
        ctx.addIssue({ code: 'custom', message: `headers[${first}] names this header already`, path: [i, 'name'] }),
    );
  });

const sourceCIDR = z
  .strictObject({ type: z.enum(['Exact', 'Distinct']).default('Exact'), value: z.string().max(64), invert: NO_INVERT })
  .transform(({ type, value }, ctx) => {
    const ip = canonicalIp(value);
    const cidr = ip === null ? canonicalCidr(value) : `${ip}/${ip.includes(':') ? 128 : 32}`;
    if (cidr === null)
      ctx.addIssue({ code: 'custom', message: 'must be an address range such as 10.0.0.0/8', path: ['value'] });
    return { type, value: cidr ?? '' };
  });

const CALLER = 'must name a caller: trust-domain/ns/shop/sa/web, shop/web or an address, with "*" at one end at most';
const callerText = z
  .string()
  .min(1)
  .max(512)
  .regex(/^(?:\*[^*\s]*|[^*\s]+\*?)$/, { error: CALLER });
const callers = z.array(callerText).min(1).max(MAX_CALLERS).superRefine(distinct);

const caller = z
  .strictObject({
    type: z.enum(['Exact', 'Distinct']).default('Distinct'),
    values: callers.optional(),
    header: headerName.optional(),
  })
  .superRefine(({ type, values }, ctx) => {
    const complain = (message: string): void => void ctx.addIssue({ code: 'custom', message, path: ['values'] });
    if (type === 'Exact' && values === undefined) complain('this field is required for type: Exact');
    if (type === 'Distinct' && values !== undefined) complain('does not go with type: Distinct');
  })
  .transform((selector): CallerSelector => defined(selector));

const selector = z
  .strictObject({
    headers: headers.optional(),
    path: pathMatch.optional(),
    methods: z
      .array(z.strictObject({ value: z.enum(METHODS), invert: NO_INVERT }))
      .min(1)
      .max(METHODS.length)
      .optional(),
    sourceCIDR: sourceCIDR.optional(),
    caller: caller.optional(),
    queryParams: unsupported('query parameters do not select clients: match the path or a header'),
  })
  .transform((one): ClientSelector => defined(one));

/** All selectors of a rule hold together, so that each kind of condition makes sense once. */
const clientSelectors = z
  .array(selector)
  .max(MAX_SELECTORS)
  .superRefine((list, ctx) => {
    for (const field of ['path', 'methods', 'sourceCIDR', 'caller'] as const) {
      const [first, second] = list.flatMap((one, i) => (one[field] === undefined ? [] : [i]));
      if (second === undefined) continue;
      const message = `clientSelectors[${first}] has one already; the selectors of a rule must all hold`;
      ctx.addIssue({ code: 'custom', message, path: [second, field] });
    }
    refusePatterns(list.flatMap(patternsOf), ctx);
  })
  .default([]);

function patternsOf({ headers = [], path }: ClientSelector, i: number): PatternAt[] {
  const ofHeaders = headers.flatMap((one, h): PatternAt[] =>
    one.type === 'RegularExpression' ? [{ text: one.value, path: [i, 'headers', h, 'value'] }] : [],
  );
  return path?.type === 'RegularExpression'
    ? [...ofHeaders, { text: path.value, path: [i, 'path', 'value'] }]
    : ofHeaders;
}

const limit = z
  .strictObject({
    requests: z.int().min(0).max(MAX_REQUESTS),
    unit: z
      .enum(['Second', 'Minute', 'Hour', 'Day'], { error: 'must be Second, Minute, Hour or Day (or write window)' })
      .optional(),
    window: durationWithin('1s', '24h').optional(),
  })
  .superRefine(({ unit, window }, ctx) => {
    if ((unit === undefined) === (window === undefined))
      ctx.addIssue({ code: 'custom', message: 'write exactly one of unit and window', path: ['unit'] });
  })
  .transform((value): RateLimitValue => defined(value));

const ruleFields = {
  clientSelectors,
  limit,
  overrides: z.array(z.strictObject({ callers, limit })).max(MAX_OVERRIDES).default([]),
  shadowMode: z.boolean().default(false),
  cost: unsupported('every request costs one'),
  shared: unsupported('a limit of a Service is shared by everybody who calls it'),
};

interface Ruled {
  readonly clientSelectors: readonly ClientSelector[];
  readonly overrides: readonly unknown[];
}

function refuseIdleOverrides({ clientSelectors, overrides }: Ruled, ctx: z.core.$RefinementCtx<unknown>): void {
  if (overrides.length === 0 || clientSelectors.some((one) => one.caller?.type === 'Distinct')) return;
  const message = 'needs a selector caller with type: Distinct, so that each caller has a bucket of its own';
  ctx.addIssue({ code: 'custom', message, path: ['overrides'] });
}

const localRule = z
  .strictObject({ ...ruleFields, onOutage: unsupported('local limits need nobody else: this is for global ones') })
  .superRefine(refuseIdleOverrides)
  .transform((rule): RateLimitRule => defined(rule));

const globalRule = z
  .strictObject({ ...ruleFields, onOutage: z.enum(['allow', 'deny', 'share']).default('share') })
  .superRefine(refuseIdleOverrides)
  .transform((rule): GlobalRateLimitRule => defined(rule));

export const rateLimit = z
  .strictObject({
    /** Older manifests of Envoy Gateway say which of the two members is there. */
    type: z.enum(['Local', 'Global']).optional(),
    local: z.strictObject({ rules: z.array(localRule).min(1).max(MAX_RULES) }).optional(),
    global: z
      .strictObject({
        rules: z.array(globalRule).min(1).max(MAX_RULES),
        shared: unsupported('a limit of a Service is shared by everybody who calls it'),
      })
      .optional(),
  })
  .transform(({ type: _, local, global }, ctx): RateLimitSpec => {
    if (local === undefined && global === undefined)
      ctx.addIssue({ code: 'custom', message: 'must have local, global or both', path: [] });
    return defined({ local, global });
  });
