/** Records and messages on the bus, each as a schema with its type. Identity is never taken from a payload: it is in the subject or key. */
import { isIP } from 'node:net';
import { z } from '../core/schema.ts';
import type { BusMessage } from './bus-types.ts';
import { heldServiceSchema } from './held-messages.ts';

/** Request headers: who asks (not proved yet), and an id that makes a repeated mutation harmless. */
export const AUTHOR_HEADER = 'Towpath-Author';
export const REQUEST_ID_HEADER = 'Towpath-Request-Id';
/** Name of the file that the documents came from: it begins every field path. */
export const SOURCE_HEADER = 'Towpath-Source';
/** On what control tells all agents: an answer that somebody had sent to such a subject (contract/mesh-accounts.ts) has no headers of ours. */
export const FROM_CONTROL = { 'Towpath-From': 'control' } as const;
export function isFromControl({ header }: Pick<BusMessage, 'header'>): boolean {
  return header('Towpath-From') === FROM_CONTROL['Towpath-From'];
}
export const DRY_RUN_HEADER = 'Towpath-Dry-Run';
/** `true`: a restore may delete what the backup does not have. */
export const REPLACE_HEADER = 'Towpath-Replace';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const shortText = z.string().max(1024);
const port = z.number().int().min(1).max(65535);

/** A point in the mesh's history. */
export const generationSchema = z.object({ epoch: count, gen: count });
export type Generation = z.infer<typeof generationSchema>;

/** Value of the key `_meta` of the view bucket. */
export const metaSchema = z.object({
  epoch: count,
  gen: count,
  /** The generation published before this one: an agent that has not seen it compares everything it holds. */
  previousGen: count,
  /** Changed keys with the generation of their newest view; null = too many to list. */
  keys: z.record(z.string(), count).nullable(),
});
export type Meta = z.infer<typeof metaSchema>;

/** An agent's answer to a generation. NACK: it runs the last good views; `errors` says which one it refused and why. */
export const ackSchema = z.object({
  epoch: count,
  gen: count,
  result: z.enum(['ACK', 'NACK']),
  errors: z.array(z.object({ key: shortText, reason: shortText })).max(20),
});
export type Ack = z.infer<typeof ackSchema>;

/** An agent that uses more services counts as using all: its lease would grow with them. */
export const MAX_TOLD_SERVICES = 256;

/** Value of `<host>` in the lease bucket: alive, and (again) what was answered last, in case the message was lost. */
export const leaseSchema = z.object({
  /** Towpath's version. */
  version: shortText,
  /** A new number at each start of the agent. */
  boot: shortText,
  ack: ackSchema.nullable(),
  /** `<namespace>.<workload>` of all that the host registers: other records of it are left-overs. null = not known yet. */
  workloads: z.array(z.string().max(320)).max(500).nullable(),
  /** `<namespace>/<name>` of the services that its programs use; null, or absent: not known, or too many to say. */
  services: z.array(z.string().max(320)).max(MAX_TOLD_SERVICES).nullable().optional(),
});
export type Lease = z.infer<typeof leaseSchema>;

/** Value of `<host>.<namespace>.<workload>` in the endpoint bucket. */
export const endpointSchema = z.object({
  labels: z.record(z.string().max(317), z.string().max(63)),
  address: z.string().refine((text) => isIP(text) !== 0, 'must be an IP address'),
  ports: z.record(z.string().max(63), port),
  weight: z.number().int().min(1).max(1_000_000),
  locality: z.string().max(190).optional(),
  /** WorkloadGroup of the same namespace: control adds what it says. */
  group: z.string().max(253).optional(),
  /** SPIFFE ID that the host holds for the workload: others may reach it by mutual TLS. */
  identity: z.string().max(600).optional(),
  healthy: z.boolean(),
});
export type EndpointRecord = z.infer<typeof endpointSchema>;

export const problemSchema = z.object({
  code: z.string(),
  message: z.string(),
  path: z.string().optional(),
  hint: z.string().optional(),
});

/** Body of every error answer, beside the `Nats-Service-Error` headers. */
export const failureSchema = z.object({ problems: z.array(problemSchema) });

export const referenceSchema = z.strictObject({
  kind: z.string().min(1).max(63),
  namespace: z.string().min(1).max(63).default('default'),
  name: z.string().min(1).max(253),
});
export type ResourceReference = z.infer<typeof referenceSchema>;

/** One resource, or `{"resources": [...]}`: all of them or none. */
export const deleteRequestSchema = z.union([
  z.strictObject({ resources: z.array(referenceSchema).min(1).max(1000) }),
  referenceSchema.transform((one) => ({ resources: [one] })),
]);

/** All parts are optional filters; an empty body means everything. */
export const listRequestSchema = z.strictObject({
  kind: z.string().max(63).optional(),
  namespace: z.string().max(63).optional(),
  /** Go on after this id, as the last answer says in `next`. */
  after: z.string().max(400).optional(),
});
export const getRequestSchema = referenceSchema;

export const waitRequestSchema = z.strictObject({
  epoch: count,
  gen: count,
  /** The answer comes after this time at the latest, with the progress until then. */
  timeoutMs: z.number().int().min(0).max(60_000).default(5_000),
});

export const outcomeSchema = z.enum(['created', 'updated', 'unchanged', 'deleted', 'not-found']);
export type Outcome = z.infer<typeof outcomeSchema>;

export const changeReplySchema = z.object({
  epoch: count,
  gen: count,
  results: z.array(z.object({ id: z.string(), outcome: outcomeSchema, generation: count })),
  /** References that do not resolve and the like: admitted, but worth knowing. */
  warnings: z.array(problemSchema),
});
export type ChangeReply = z.infer<typeof changeReplySchema>;

export const progressSchema = z.object({
  epoch: count,
  gen: count,
  /** Live agents. */
  total: count,
  acknowledged: count,
  missing: z.array(z.string()),
  rejected: z.array(z.object({ host: z.string(), errors: z.array(z.object({ key: z.string(), reason: z.string() })) })),
});
export type Progress = z.infer<typeof progressSchema>;

export const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  observedGeneration: count.optional(),
});

/** A manifest with `metadata.generation`, `.creationTimestamp`, `.resourceVersion` and `status.conditions`. */
export const resourceReplySchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    generation: count,
    creationTimestamp: z.string(),
    resourceVersion: z.string(),
  }),
  spec: z.looseObject({}).optional(),
  data: z.looseObject({}).optional(),
  status: z.looseObject({ conditions: z.array(conditionSchema) }),
});
export type ResourceReply = z.infer<typeof resourceReplySchema>;
export const listReplySchema = z.object({
  items: z.array(resourceReplySchema),
  /** There are more: ask again with `after`. */
  next: z.string().optional(),
});
export type ListReply = z.infer<typeof listReplySchema>;
export const namesReplySchema = z.object({
  items: z.array(z.object({ kind: z.string(), namespace: z.string(), name: z.string() })),
});

export const agentReplySchema = z.object({
  host: z.string(),
  /** ERROR: it refused a view. */
  state: z.enum(['SYNCED', 'STALE', 'ERROR', 'GONE']),
  version: z.string(),
  epoch: count,
  gen: count,
  /** Generations of the mesh that it has not answered yet. */
  behind: count,
  lastSeenSeconds: z.number(),
  workloads: count,
  /** Services that its programs use; null: not known, or too many to say. */
  services: count.nullable(),
  errors: z.array(z.object({ key: z.string(), reason: z.string() })),
});
export type AgentReply = z.infer<typeof agentReplySchema>;

export const statusReplySchema = z.object({
  mesh: z.string(),
  version: z.string(),
  natsVersion: z.string(),
  epoch: count,
  gen: count,
  resources: z.record(z.string(), count),
  services: count,
  endpoints: count,
  agents: z.array(agentReplySchema),
  /** Services of which most endpoints fell silent at once, kept until heard again or confirmed; absent from older controls. */
  held: z.array(heldServiceSchema).optional(),
});
export type StatusReply = z.infer<typeof statusReplySchema>;

/** Answer of every control to `controls.ping`. */
export const controlPingSchema = z.object({
  id: z.string().max(63),
  version: z.string().max(64),
  state: z.enum(['leads', 'stands by', 'starts']),
});
export type ControlPing = z.infer<typeof controlPingSchema>;
