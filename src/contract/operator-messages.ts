/** Requests and answers of the commands by which operators look at changes and take them back. */
import { z } from '../core/schema.ts';
import { generationSchema, outcomeSchema, problemSchema, referenceSchema, resourceReplySchema } from './messages.ts';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const fieldChangeSchema = z.object({
  path: z.string(),
  /** Absent: there was nothing. */
  before: z.unknown().optional(),
  /** Absent: there is nothing any more. */
  after: z.unknown().optional(),
});

/** What applying the documents would change. */
export const diffReplySchema = z.object({
  ...generationSchema.shape,
  changes: z.array(
    z.object({
      id: z.string(),
      outcome: outcomeSchema,
      generation: z.object({ before: count.nullable(), after: count }),
      fields: z.array(fieldChangeSchema),
      /** More fields differ than are listed. */
      truncated: z.boolean(),
    }),
  ),
  warnings: z.array(problemSchema),
});
export type DiffReply = z.infer<typeof diffReplySchema>;

export const historyRequestSchema = z.strictObject({
  ...referenceSchema.shape,
  /** Only this one, with what was stored. */
  revision: count.optional(),
});

const versionSchema = z.object({
  revision: count,
  /** RFC 3339. */
  time: z.string(),
  operation: z.enum(['put', 'delete']),
  /** As the record says; null: it says nothing, as after a plain `nats kv put`. */
  generation: count.nullable(),
  /** What is in force now. */
  inForce: z.boolean(),
  /** From the audit trail; null where it does not go back that far. */
  action: z.string().nullable(),
  author: z.string().nullable(),
  /** Only with `revision`: the manifest, or the text of a record that is none. */
  manifest: z.unknown().optional(),
});

export const historyReplySchema = z.object({ id: z.string(), items: z.array(versionSchema) });
export type HistoryReply = z.infer<typeof historyReplySchema>;

export const rollbackRequestSchema = z.strictObject({
  ...referenceSchema.shape,
  /** Absent: the newest one that says something else than what is in force. */
  to: count.optional(),
});

export const auditRequestSchema = z.strictObject({
  /** ms back from now. */
  sinceMs: z
    .number()
    .int()
    .min(0)
    .max(400 * 24 * 60 * 60 * 1000)
    .optional(),
  /** The newest ones. */
  limit: z.number().int().min(1).max(1000).default(100),
  /** `<Kind>.<namespace>.<name>`: only what changed this resource. */
  id: z.string().max(400).optional(),
});

/** One request that changed something, as it lies in the audit stream. Older records have neither revisions nor fields. */
export const auditEventSchema = z.object({
  time: z.string(),
  action: z.string(),
  author: z.string(),
  requestId: z.string(),
  results: z.array(
    z.object({
      id: z.string(),
      outcome: z.string(),
      generation: count,
      revision: count.optional(),
      fields: z.array(fieldChangeSchema).optional(),
    }),
  ),
});
export type AuditEvent = z.infer<typeof auditEventSchema>;
/** Oldest first. */
export const auditReplySchema = z.object({ events: z.array(auditEventSchema), truncated: z.boolean() });
export type AuditReply = z.infer<typeof auditReplySchema>;

export const findingSchema = z.object({ ...problemSchema.shape, level: z.enum(['error', 'warning', 'info']) });

/** Most serious first. */
export const analyzeReplySchema = z.object({
  ...generationSchema.shape,
  findings: z.array(findingSchema),
  truncated: z.boolean(),
});
export type AnalyzeReply = z.infer<typeof analyzeReplySchema>;

export const describeReplySchema = z.object({
  resource: resourceReplySchema,
  /** What its manifest names, and under which member. */
  refersTo: z.array(z.object({ id: z.string(), by: z.string(), exists: z.boolean() })),
  referredBy: z.array(z.object({ id: z.string(), by: z.string() })),
  /** Of a Service: the workloads that its selector picks. */
  endpoints: z.array(
    z.object({
      workload: z.string(),
      address: z.string(),
      ports: z.record(z.string(), count),
      weight: count,
      /** Whose agent registered it; null: a WorkloadEntry. */
      host: z.string().nullable(),
      healthy: z.boolean(),
    }),
  ),
  /** Whose views hold something of it. */
  services: z.array(z.string()),
  /** Those that use one of the services: all, those that have not answered yet, those that refuse. */
  agents: z.object({
    interested: z.array(z.string()),
    pending: z.array(z.string()),
    rejected: z.array(z.object({ host: z.string(), reason: z.string() })),
  }),
  findings: z.array(findingSchema),
  changes: z.array(versionSchema),
});
export type DescribeReply = z.infer<typeof describeReplySchema>;

export const BACKUP_FORMAT = 'towpath-backup/1';

export const backupRequestSchema = z.strictObject({
  /** Go on after this id, as the last answer says in `next`. */
  after: z.string().max(400).optional(),
});

export const backupReplySchema = z.object({
  format: z.literal(BACKUP_FORMAT),
  mesh: z.string(),
  ...generationSchema.shape,
  /** Parts with the same edition belong together. */
  edition: z.string(),
  /** Manifests with `metadata.generation` and `.creationTimestamp`. */
  resources: z.array(z.looseObject({})),
  next: z.string().optional(),
});
export type BackupReply = z.infer<typeof backupReplySchema>;

/** A backup, as a file or as the answer of one part; nothing but the resources counts. */
export const restoreRequestSchema = z.object({ resources: z.array(z.unknown()).max(100_000) });

export const restoreReplySchema = z.object({
  ...generationSchema.shape,
  counts: z.record(outcomeSchema, count),
  warnings: z.array(problemSchema),
});
export type RestoreReply = z.infer<typeof restoreReplySchema>;

/** A backup as a file. */
export const backupFileSchema = z.object({
  format: z.literal(BACKUP_FORMAT),
  mesh: z.string(),
  /** RFC 3339. */
  time: z.string(),
  /** Towpath's version. */
  version: z.string(),
  ...generationSchema.shape,
  /** Of the resources as JSON without blanks, in hex. */
  sha256: z.string(),
  resources: z.array(z.looseObject({})),
});
export type BackupFile = z.infer<typeof backupFileSchema>;
