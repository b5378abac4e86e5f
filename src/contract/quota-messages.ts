/** Leases of global quotas: `control.quota.lease.<host>`, answered by every control, and the records that they come to. */
import { z } from '../core/schema.ts';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const tokens = z.number().int().min(0).max(10_000_000);
const ruleId = z.string().min(1).max(600);
/** Who is counted: the caller, and what else the rule tells apart. Empty: everybody together. */
const bucketKey = z.string().max(1100);
const bootId = z.string().min(1).max(64);

/** Buckets in one request. */
export const MAX_ASKS = 64;
/** Hosts that one bucket remembers: their repeated requests are recognised, and what they give back counts. */
export const MAX_LEASE_HOSTS = 256;

export const leaseAskSchema = z.object({
  rule: ruleId,
  caller: z.string().max(600),
  key: bucketKey,
  /** Counts up with each request for the bucket by this run of the agent: a repeated one is answered as before. */
  seq: count,
  /** Tokens asked for. 0: only to give back, or to tell what is left. */
  want: tokens,
  /** For the window that follows the present one. */
  ahead: z.boolean(),
  /** Start of the window that `back` and `left` are about, as told by control; 0 = none. */
  window: count,
  /** Tokens given back, not used. */
  back: tokens,
  /** Tokens of that window that the host keeps unused. */
  left: tokens,
  /** Used without a lease while nobody could be asked: counted in the window that runs. */
  spent: tokens,
  /** The limit that the agent has in force: control looks again at the policy when it knows another. */
  limit: z.object({ requests: tokens, windowMs: count }),
});
export type LeaseAsk = z.infer<typeof leaseAskSchema>;

export const leaseRequestSchema = z.object({ boot: bootId, asks: z.array(leaseAskSchema).min(1).max(MAX_ASKS) });
export type LeaseRequest = z.infer<typeof leaseRequestSchema>;

export const leaseGrantSchema = z.object({
  /** `unknown`: no such rule is in force. `failed`: the store did not answer. */
  result: z.enum(['ok', 'unknown', 'failed']),
  granted: tokens,
  /** Of the window: its start by the clock of the quotas, which names it, and ms from now to its start (0 = it runs) and its end. */
  window: count,
  startsIn: count,
  endsIn: count,
  limit: tokens,
  /** Tokens of the window that nobody has been granted. */
  remaining: tokens,
  /** Others hold tokens that they may yet give back. */
  outstanding: z.boolean(),
});
export type LeaseGrant = z.infer<typeof leaseGrantSchema>;

/** In the order of the asks. */
export const leaseReplySchema = z.object({ grants: z.array(leaseGrantSchema).max(MAX_ASKS) });
export type LeaseReply = z.infer<typeof leaseReplySchema>;

/** One window of one bucket: what was granted to whom. */
const windowSchema = z.object({
  start: count,
  granted: tokens,
  /** By host: run of the agent, its newest request and what that was granted, all of the window, and what it says is unused. */
  hosts: z.record(
    z.string().max(63),
    z.object({ boot: bootId, seq: count, last: tokens, total: tokens, left: tokens }),
  ),
});
export type QuotaWindow = z.infer<typeof windowSchema>;

/** Value of a key of `towpath_quota`. */
export const quotaRecordSchema = z.object({
  rule: ruleId,
  caller: z.string().max(600),
  key: bucketKey,
  service: z.string().max(600),
  requests: tokens,
  windowMs: count,
  current: windowSchema,
  next: windowSchema.nullable(),
  /** Hosts that had a part in the window before. */
  peers: z.number().int().min(1).max(1_000_000),
  /** Percent of the present window that the audit trail was told of: 0, 80 or 100. */
  told: z.number().int().min(0).max(100),
});
export type QuotaRecord = z.infer<typeof quotaRecordSchema>;

export const quotaCallersRequestSchema = z.object({ addresses: z.array(z.string().max(45)).min(1).max(256) });
/** By address: `<namespace>/<name>` of the one workload that is registered there; absent: none, or several. */
export const quotaCallersReplySchema = z.object({ callers: z.record(z.string(), z.string().max(600)) });

export const quotaListRequestSchema = z.strictObject({
  service: z.string().max(600).optional(),
  /** Only buckets that are used to this percentage at least. */
  near: z.number().int().min(0).max(100).optional(),
});

export const quotaRowSchema = z.object({
  policy: z.string(),
  rule: z.string(),
  service: z.string(),
  caller: z.string(),
  key: z.string(),
  limit: count,
  windowMs: count,
  /** In the present window; 0 where it is over. */
  used: count,
  granted: count,
  /** ms to the end of the window; 0: none runs. */
  resetMs: count,
  hosts: z.array(z.object({ host: z.string(), granted: count, left: count })),
});
export type QuotaRow = z.infer<typeof quotaRowSchema>;
export const quotaListReplySchema = z.object({ items: z.array(quotaRowSchema), truncated: z.boolean() });
export type QuotaListReply = z.infer<typeof quotaListReplySchema>;
