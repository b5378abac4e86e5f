/** Schemas of `route-views.ts`. */
import { z } from '../core/schema.ts';
import { limitRuleSchema } from './limit-schema.ts';
import { routeEntrySchema } from './route-entry-schema.ts';
import type {
  CorsView,
  DirectResponseView,
  FaultView,
  HttpRoutingView,
  L4ActionView,
  MirrorView,
  RedirectView,
  RetryView,
  RewriteView,
  RouteActionView,
  SessionPersistenceView,
  TlsEntryView,
  WeightedBackendView,
} from './route-views.ts';
import { count, name, percent, port, text, weight } from './schema-words.ts';

const nameValues = z.array(z.object({ name: text, value: text })).max(256);
const headerEdit = z.object({ set: nameValues, add: nameValues, remove: z.array(text).max(256) });
const texts = z.array(text).max(256);
const status = z.number().int().min(100).max(599);

const pathRewrite = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ReplaceFullPath'), value: text }),
  z.object({ type: z.literal('ReplacePrefixMatch'), prefix: text, value: text }),
]);
const rewrite: z.ZodType<RewriteView> = z.object({ hostname: name.optional(), path: pathRewrite.optional() });

const redirect: z.ZodType<RedirectView> = z.object({
  type: z.literal('redirect'),
  scheme: z.enum(['http', 'https']).optional(),
  hostname: name.optional(),
  port: port.optional(),
  path: pathRewrite.optional(),
  status: z.union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)]),
});
const direct: z.ZodType<DirectResponseView> = z.object({
  type: z.literal('direct'),
  status: z.number().int().min(200).max(599),
  contentType: text.optional(),
  body: z.string().max(65_536),
  headers: nameValues.optional(),
});

const mirror: z.ZodType<MirrorView> = z.object({
  cluster: text.nullable(),
  numerator: count,
  denominator: count.min(1),
});

const cors: z.ZodType<CorsView> = z.object({
  allowOrigins: texts,
  allowMethods: texts,
  allowHeaders: texts,
  exposeHeaders: texts,
  allowCredentials: z.boolean(),
  maxAge: count,
});

const retry: z.ZodType<RetryView> = z.object({
  attempts: count,
  codes: z.array(status).max(200),
  backoffMs: count.optional(),
  grpcCodes: z.array(z.number().int().min(0).max(16)).max(17).optional(),
});

export const faultSchema: z.ZodType<FaultView> = z.object({
  delay: z.object({ ms: count, percentage: percent }).optional(),
  abort: z
    .union([
      z.object({ httpStatus: z.number().int().min(200).max(599), percentage: percent }),
      z.object({ grpcStatus: z.number().int().min(0).max(16), percentage: percent }),
    ])
    .optional(),
});

export const sessionPersistenceSchema: z.ZodType<SessionPersistenceView> = z.object({
  type: z.enum(['Cookie', 'Header']),
  name: text.min(1),
  absoluteTimeoutMs: count.optional(),
  permanent: z.boolean().optional(),
  path: text.optional(),
});

const backend: z.ZodType<WeightedBackendView> = z.object({
  cluster: text.nullable(),
  weight,
  requestHeaders: headerEdit.nullable(),
  responseHeaders: headerEdit.optional(),
  answer: redirect.optional(),
  rewrite: rewrite.optional(),
  mirrors: z.array(mirror).max(16).optional(),
});

const action: z.ZodType<RouteActionView> = z.object({
  route: text,
  rule: text,
  backends: z.array(backend).max(256),
  requestHeaders: headerEdit.nullable(),
  responseHeaders: headerEdit.optional(),
  requestTimeoutMs: count.nullable(),
  perTryTimeoutMs: count.optional(),
  answer: z.union([redirect, direct]).optional(),
  rewrite: rewrite.optional(),
  mirrors: z.array(mirror).max(16).optional(),
  cors: cors.optional(),
  retry: retry.optional(),
  fault: faultSchema.optional(),
  sessionPersistence: sessionPersistenceSchema.optional(),
  limits: z.array(limitRuleSchema).max(64).optional(),
});

export const httpRoutingSchema: z.ZodType<HttpRoutingView> = z.object({
  entries: z.array(routeEntrySchema),
  actions: z.array(action),
});

export const l4ActionSchema: z.ZodType<L4ActionView> = z.object({
  route: text,
  rule: text,
  backends: z.array(z.object({ cluster: text.nullable(), weight })).max(256),
});

export const tlsEntriesSchema: z.ZodType<TlsEntryView[]> = z
  .array(z.object({ hostname: name, action: l4ActionSchema }))
  .max(2048);
