/** The agent file's schema with every default in place; `docs/agent.md` explains the fields in the same order. */
import { z } from '../core/schema.ts';
import { LOG_LEVELS } from './agent-config.ts';
import {
  addressSchema,
  cidrListSchema,
  idListSchema,
  interfaceListSchema,
  localitySchema,
  nameSchema,
  optionalPortSchema,
  portSchema,
  portSelectionSchema,
  portSpanListSchema,
} from './field-types.ts';
import { accessLogSchema, tracingSchema } from './telemetry-schema.ts';
import { workloadSchema } from './workload-schema.ts';

const SSH = { from: 22, to: 22 };
const path = z.string().max(4096).regex(/^\//, 'must be an absolute path, such as /var/lib/towpath');

const natsSchema = z
  .strictObject({
    servers: z
      .array(z.string().regex(/^((nats|tls|ws|wss):\/\/)?[^\s/]+$/, 'must be a server such as nats://10.0.0.1:4222'))
      .min(1)
      .max(100)
      .default(['nats://127.0.0.1:4222']),
    credentialsFile: path.nullable().default(null),
    caFile: path.nullable().default(null),
    allowOpen: z.boolean().default(false),
  })
  .prefault({});

const portsSchema = z
  .strictObject({
    outbound: portSchema.default(15001),
    inbound: portSchema.default(15006),
    explicit: optionalPortSchema.default(15080),
    admin: portSchema.default(15000),
    metrics: portSchema.default(15020),
    programs: portSchema.default(15101),
  })
  .prefault({});

const outboundSchema = z
  .strictObject({
    includePorts: portSelectionSchema,
    excludePorts: portSpanListSchema.default([SSH]),
    includeCidrs: cidrListSchema,
    excludeCidrs: cidrListSchema,
    includeUids: idListSchema,
    excludeUids: idListSchema,
    includeGids: idListSchema,
    excludeGids: idListSchema,
  })
  .prefault({});

const inboundSchema = z
  .strictObject({
    includePorts: portSelectionSchema,
    excludePorts: portSpanListSchema.default([SSH]),
    includeCidrs: cidrListSchema,
    excludeCidrs: cidrListSchema,
    includeInterfaces: interfaceListSchema,
    excludeInterfaces: interfaceListSchema,
  })
  .prefault({});

const interceptionSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    failure: z.enum(['open', 'closed']).default('open'),
    gid: z.int().min(1).max(0xffff_fffe).default(15001),
    ipv6: z.enum(['auto', 'on', 'off']).default('auto'),
    virtualIpRanges: cidrListSchema.default(['240.240.0.0/16', 'fd00:240::/32']),
    outbound: outboundSchema,
    inbound: inboundSchema,
  })
  .prefault({});

const dnsSchema = z
  .strictObject({
    capture: z.boolean().default(true),
    port: portSchema.default(15053),
  })
  .prefault({});

const limitsSchema = z
  .strictObject({
    maxConnections: z.int().min(16).max(1_000_000).default(20_000),
    headBytes: z.int().min(4096).max(65_536).default(65_536),
    requestLineBytes: z.int().min(256).max(65_536).default(8192),
    headerFields: z.int().min(16).max(2000).default(200),
    chunkLineBytes: z.int().min(16).max(4096).default(256),
    headSeconds: z.number().min(1).max(3600).default(60),
    clientIdleSeconds: z.number().min(1).max(86_400).default(3600),
    upstreamIdleSeconds: z.number().min(0).max(3600).default(55),
    stallSeconds: z.number().min(5).max(86_400).default(300),
    bodyBytesPerSecond: z.int().min(0).max(1_000_000).default(0),
  })
  .prefault({});

const metricsSchema = z
  .strictObject({
    istio: z.boolean().default(false),
    idleSeconds: z.int().min(60).max(604_800).default(3600),
  })
  .prefault({});

/** Decodes the file's one document; `host` has its default put in before, because it depends on the machine. */
export const agentSchema = z.strictObject({
  mesh: nameSchema.default('default'),
  host: nameSchema,
  address: addressSchema.nullable().default(null),
  locality: localitySchema.nullable().default(null),
  nats: natsSchema,
  stateDirectory: path.default('/var/lib/towpath'),
  mutualTls: z.boolean().default(true),
  dataThreads: z.int().min(1).max(64).default(1),
  log: z.strictObject({ level: z.enum(LOG_LEVELS).default('info') }).prefault({}),
  ports: portsSchema,
  metricsAddress: addressSchema.default('::'),
  metrics: metricsSchema,
  drainSeconds: z.number().min(0).max(3600).default(10),
  interception: interceptionSchema,
  dns: dnsSchema,
  workloads: z.array(workloadSchema).max(1000).default([]),
  accessLog: accessLogSchema,
  tracing: tracingSchema,
  limits: limitsSchema,
});
