/** How the data plane decides on one request, for people: question and answer of `towpath explain`. Plain JSON data. */
import { z } from '../core/schema.ts';

/** Nothing that could end a line of the request's head. */
const oneLine = (limit: number) =>
  z
    .string()
    .max(limit)
    .refine((text) => !/\p{Cc}/u.test(text), 'must not contain control characters');
const word = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, 'must be one word');

export const explainQuestionSchema = z.strictObject({
  method: word.default('GET'),
  /** `host[:port]` that the program dials: a name or address of a service, or any address. */
  authority: oneLine(300).refine((text) => /^[^\s/?#@]+$/.test(text), 'must be host or host:port'),
  /** With the query. */
  path: oneLine(8000)
    .refine((text) => /^\/\S*$/.test(text), 'must begin with / and have no blanks')
    .default('/'),
  /** A Host header here takes the place of the one that the authority makes. */
  headers: z
    .array(z.tuple([word, oneLine(8000)]))
    .max(100)
    .default([]),
  /** It arrives at a workload of the host that is asked; absent: a program of that host sends it. */
  arrives: z
    .strictObject({
      /** `trust-domain/ns/namespace/sa/account`; absent: without mutual TLS. */
      principal: oneLine(600).optional(),
      /** Address that it comes from. */
      source: z.union([z.ipv4(), z.ipv6()]).optional(),
    })
    .optional(),
});
export type ExplainQuestion = z.infer<typeof explainQuestionSchema>;

const text = z.string();
const count = z.number();

const conditionTrace = z.object({
  /** `path PathPrefix /api`, `header x-group = beta`. */
  what: text,
  matches: z.boolean(),
});

export const entryTraceSchema = z.object({
  /** Place in the order of precedence, from 0. */
  place: count,
  /** `<namespace>/<name>` of the route, and its rule. */
  route: text,
  rule: text,
  matches: z.boolean(),
  conditions: z.array(conditionTrace),
});
export type EntryTrace = z.infer<typeof entryTraceSchema>;

export const endpointTraceSchema = z.object({
  address: text,
  workload: text,
  weight: count,
  locality: text.optional(),
  /** SPIFFE ID that it must show: whoever takes part in mutual TLS reaches it so. */
  identity: text.optional(),
  /** What the asked data thread knows; absent where nobody sends traffic, as for files. */
  state: z.looseObject({ active: count, idleConnections: count }).optional(),
});
export type EndpointTrace = z.infer<typeof endpointTraceSchema>;

export const backendTraceSchema = z.object({
  /** null: the reference does not resolve. */
  cluster: text.nullable(),
  /** Per cent of the requests of this rule. */
  share: count,
  /** How the cluster is treated: balancer, health, limits; what is not there has its default. */
  policies: z.looseObject({}),
  endpoints: z.array(endpointTraceSchema),
  /** More than are listed. */
  more: count,
});
export type BackendTrace = z.infer<typeof backendTraceSchema>;

/** Policies of a workload, each with its rules and what fails of them; '' = the rule matches. */
const accessTraceSchema = z.array(
  z.object({
    policy: text,
    action: text,
    dryRun: z.boolean(),
    rules: z.array(z.object({ rule: count, failed: text })),
  }),
);
export type AccessTrace = z.infer<typeof accessTraceSchema>;

/** Rate limits of the port where a request arrives. */
const limitTraceSchema = z.array(
  z.object({
    /** `<namespace>/<policy>/<local|global>/<index>`. */
    rule: text,
    counts: z.boolean(),
    /** What has the bucket: the caller, and what else the rule tells apart; empty: everybody together, or it is not counted. */
    bucket: text,
    requests: count,
    windowMs: count,
    shadow: z.boolean(),
  }),
);
export type LimitTrace = z.infer<typeof limitTraceSchema>;

export const decisionTraceSchema = z.object({
  request: z.object({ method: text, authority: text, path: text }),
  target: z.object({
    type: z.enum(['service', 'no-such-port', 'no-such-service', 'ambiguous', 'original', 'no-view', 'workload']),
    /** `<namespace>/<name>`; empty: none. */
    service: text,
    port: count,
    protocol: text,
    virtualIps: z.array(text),
    /** Of the service's view. */
    version: z.object({ epoch: count, gen: count, hash: text }).nullable(),
    sentence: text,
  }),
  /** Whose rules apply: none is attached, those of the service's namespace, or those of the caller's namespace. */
  routing: z.enum(['none', 'producer', 'consumer']),
  /** In the order of precedence, up to the one that matches; of many only the last. */
  tried: z.array(entryTraceSchema),
  /** Entries before the first and after the last that are told. */
  untold: z.object({ before: count, after: count }),
  /** What the rule says beside its backends: filters, timeouts, retries; null: no rule decides. */
  action: z.looseObject({ route: text, rule: text }).nullable(),
  backends: z.array(backendTraceSchema),
  /** Of a request that arrives. */
  access: accessTraceSchema.optional(),
  /** The same; nothing is counted for the question. */
  limits: limitTraceSchema.optional(),
  /** One decision, made by the function that decides on traffic; chance may choose another backend or endpoint next time. null: files. */
  decision: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('forward'), endpoint: text, cluster: text, route: text }),
      z.object({ type: z.literal('answer'), flag: text, status: count, sentence: text }),
      /** The connection is reset. */
      z.object({ type: z.literal('reset'), flag: text, sentence: text }),
    ])
    .nullable(),
});
export type DecisionTrace = z.infer<typeof decisionTraceSchema>;
