import { z } from '../../core/schema.ts';
import type { RequestMirror, RouteFilter } from '../route-types.ts';
import { cors } from './cors.ts';
import { dnsSubdomain, refuseRepeats } from './fields.ts';
import { headerModifier } from './header-modifier.ts';
import { requestRedirect, urlRewrite } from './redirect.ts';
import { mirrorBackendRef } from './route-refs.ts';

const MAX_FILTERS = 16;

const fraction = z
  .strictObject({
    numerator: z.int().min(0).max(2_147_483_647),
    denominator: z.int().min(1).max(2_147_483_647).default(100),
  })
  .refine(({ numerator, denominator }) => numerator <= denominator, {
    error: 'the numerator must not be greater than the denominator',
  });

const requestMirror = z
  .strictObject({
    backendRef: mirrorBackendRef,
    percent: z.int().min(0).max(100).optional(),
    fraction: fraction.optional(),
  })
  .refine(({ percent, fraction: part }) => percent === undefined || part === undefined, {
    error: 'percent and fraction exclude each other',
  }) satisfies z.ZodType<RequestMirror>;

const extensionRef = z.strictObject({
  group: z.string().max(253),
  kind: z.string().min(1).max(63),
  name: dnsSubdomain,
});

type FilterType = RouteFilter['type'];

/** The field that goes with each type. */
const FIELDS = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  CORS: 'cors',
  ExtensionRef: 'extensionRef',
} as const satisfies Record<FilterType, string>;

const COMMON = {
  requestHeaderModifier: headerModifier.optional(),
  responseHeaderModifier: headerModifier.optional(),
  requestMirror: requestMirror.optional(),
};
const HTTP = { ...COMMON, requestRedirect: requestRedirect.optional(), urlRewrite: urlRewrite.optional() };
const EXTENSION = { extensionRef: extensionRef.optional() };

/** Why a filter of the standard cannot stand in this place. */
const REFUSED: Readonly<Record<string, string>> = {
  CORS: 'CORS is decided before a backend is chosen: write it among the filters of the rule',
  ExtensionRef: 'ExtensionRef is supported among the filters of the rule only',
  ExternalAuth: 'the filter ExternalAuth is not supported',
};

function filterType<const T extends readonly [FilterType, ...FilterType[]]>(types: T) {
  return z.enum(types, {
    error: ({ input }) => (typeof input === 'string' && Object.hasOwn(REFUSED, input) ? REFUSED[input] : undefined),
  });
}

/** A filter as its strict object has it, before type and field are seen to agree. */
type LooseFilter = { readonly type: FilterType } & { readonly [F in FieldOf]?: unknown };
type FieldOf = (typeof FIELDS)[FilterType];

function toFilter(value: LooseFilter, ctx: z.core.$RefinementCtx<unknown>): RouteFilter {
  const own = FIELDS[value.type];
  for (const field of Object.values(FIELDS)) {
    if (field === own || value[field] === undefined) continue;
    ctx.addIssue({ code: 'custom', message: `does not belong to a filter of type ${value.type}`, path: [field] });
  }
  if (value[own] !== undefined) return { type: value.type, [own]: value[own] } as RouteFilter;
  ctx.addIssue({ code: 'custom', message: 'this field is required (an object)', path: [own] });
  return z.NEVER;
}

/** At most one of each, except those that may act several times; a redirect never reaches what a rewrite would change. */
function filterList(filter: z.ZodType<RouteFilter>) {
  return z
    .array(filter)
    .max(MAX_FILTERS)
    .superRefine((list, ctx) => {
      const complain = (i: number, message: string): void => {
        ctx.addIssue({ code: 'custom', message, path: [i, 'type'] });
      };
      refuseRepeats(
        list.map(({ type }, i) => (type === 'RequestMirror' || type === 'ExtensionRef' ? String(i) : type)),
        (type) => type,
        (i) => complain(i, `${list[i]?.type} may appear only once`),
      );
      const rewrite = list.findIndex(({ type }) => type === 'URLRewrite');
      if (rewrite >= 0 && list.some(({ type }) => type === 'RequestRedirect')) {
        complain(rewrite, 'URLRewrite and RequestRedirect exclude each other');
      }
    })
    .default([]);
}

const MODIFIERS = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror'] as const;

/** Filters of an HTTPRoute's rule. */
export const httpFilters = filterList(
  z
    .strictObject({
      type: filterType([...MODIFIERS, 'RequestRedirect', 'URLRewrite', 'CORS', 'ExtensionRef']),
      ...HTTP,
      cors: cors.optional(),
      ...EXTENSION,
    })
    .transform(toFilter),
);

/** Filters of a backendRef in an HTTPRoute. */
export const httpBackendFilters = filterList(
  z.strictObject({ type: filterType([...MODIFIERS, 'RequestRedirect', 'URLRewrite']), ...HTTP }).transform(toFilter),
);

/** Filters of a GRPCRoute's rule. */
export const grpcFilters = filterList(
  z.strictObject({ type: filterType([...MODIFIERS, 'ExtensionRef']), ...COMMON, ...EXTENSION }).transform(toFilter),
);

/** Filters of a backendRef in a GRPCRoute. */
export const grpcBackendFilters = filterList(
  z.strictObject({ type: filterType(MODIFIERS), ...COMMON }).transform(toFilter),
);
