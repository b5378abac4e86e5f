/**
 * What `towpath tap` asks agents (`agents.tap`, `agent.<host>.tap`), and what they send to the reply subject until the lease of the last question ends.
 * NATS lets an agent answer a question so many times only (contract/mesh-accounts.ts): whoever taps asks again and again.
 */
import { z } from '../core/schema.ts';
import { failureRecordSchema } from './failure-record.ts';

export const MAX_TAP_LEASE_MS = 10_000;
export const MAX_TAP_PER_SECOND = 1_000;
/** Most bytes of a question. */
export const MAX_TAP_BYTES = 8 * 1024;

/** What is wanted of all that passes; everything that is named must hold. */
export const tapFilterSchema = z.strictObject({
  /** Whose agent reports it: the caller's (outbound) or that of the program which is called. */
  side: z.enum(['outbound', 'inbound']).optional(),
  /** `<namespace>/<name>`: outbound of the service, inbound of the workload. */
  service: z.string().min(1).max(320).optional(),
  /** A workload, `host:<host>`, an identity with or without its trust domain, or an IP address. */
  caller: z.string().min(1).max(600).optional(),
  /** `<namespace>/<route>`, or with its rule. */
  route: z.string().min(1).max(600).optional(),
  /** `503` or `5xx`: one of them. */
  status: z
    .array(z.string().regex(/^[1-5](\d\d|xx)$/, 'must be like 503 or 5xx'))
    .min(1)
    .max(16)
    .optional(),
  method: z.string().min(1).max(32).optional(),
  pathPrefix: z.string().min(1).max(1024).optional(),
  /** Envoy's response flag; `any`: every request with one. */
  flag: z.string().min(1).max(8).optional(),
  /** It took at least so long, in ms. */
  minMs: z.number().min(0).max(86_400_000).optional(),
});
export type TapFilter = z.infer<typeof tapFilterSchema>;

export const tapRequestSchema = z.strictObject({
  /** The same in all questions of one tap. */
  tap: z.string().regex(/^[a-z0-9-]{1,36}$/, 'must be 1 to 36 small letters, digits or -'),
  /** The agent goes on for so long without another question. 0: it says what is left, and ends. */
  leaseMs: z.number().int().min(0).max(MAX_TAP_LEASE_MS).default(5_000),
  /** Most records of each agent. */
  perSecond: z.number().int().min(1).max(MAX_TAP_PER_SECOND).default(100),
  filter: tapFilterSchema.default({}),
});
export type TapRequest = z.infer<typeof tapRequestSchema>;

export const tapRecordSchema = failureRecordSchema.extend({
  /** The workload that calls, else `host:<host>`; inbound the proved identity, else the address. */
  caller: z.string(),
});
export type TapRecord = z.infer<typeof tapRecordSchema>;

export const tapAnswerSchema = z.object({
  host: z.string(),
  /** began: everything that ends from now on is told. ended: nothing more comes. */
  state: z.enum(['began', 'goes on', 'ended', 'refused']),
  /** Why it was refused; else ''. */
  reason: z.string(),
  records: z.array(tapRecordSchema),
  /** Since the last answer: what matched, and was more than wanted in a second. */
  leftOut: z.number(),
  /** Since the last answer: records of this host that found no room on their way, whatever they were about. */
  lost: z.number(),
});
export type TapAnswer = z.infer<typeof tapAnswerSchema>;
