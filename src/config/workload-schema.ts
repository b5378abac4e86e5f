/** `workloads` of the agent file: the programs of this host that others may call. */
import { z } from '../core/schema.ts';
import type { ProbeConfig, WorkloadConfig, WorkloadPort } from './agent-config.ts';
import { addressSchema, idListSchema, localitySchema, nameSchema, portSchema } from './field-types.ts';

const protocolSchema = z.enum(['auto', 'http1', 'http2', 'grpc', 'tls', 'tcp']);
/** Kubernetes' appProtocol words map to ours; both are accepted. */
const appProtocolSchema = z
  .enum(['auto', 'http', 'http1', 'http2', 'kubernetes.io/h2c', 'grpc', 'https', 'tls', 'tcp'])
  .transform((word) => {
    if (word === 'http') return 'http1';
    if (word === 'kubernetes.io/h2c') return 'http2';
    return word === 'https' ? 'tls' : word;
  })
  .pipe(protocolSchema);

const portValueSchema = z
  .union([portSchema, z.strictObject({ port: portSchema, appProtocol: appProtocolSchema.default('auto') })])
  .transform((value) => (typeof value === 'number' ? { port: value, protocol: 'auto' as const } : rename(value)));

/** Names of resources may contain dots. */
const groupSchema = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of a WorkloadGroup');

/** A DNS subdomain (RFC 1123), as in Kubernetes. */
const accountSchema = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of an account, such as "orders"');

const programsSchema = z.strictObject({ uids: idListSchema, gids: idListSchema }).prefault({});

const portNameSchema = z
  .string()
  .max(63)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    'must be a port name of lower-case letters, digits and "-", such as "http"',
  );

/** A probe names a port of its workload by name or number; left out, it is the workload's first port. */
const probePortSchema = z.union([portSchema, z.string().min(1).max(63)]);

const probeSchema = z
  .strictObject({
    tcpSocket: z.strictObject({ port: probePortSchema.optional() }).optional(),
    httpGet: z
      .strictObject({
        port: probePortSchema.optional(),
        path: z
          .string()
          .max(2048)
          .regex(/^\/[\x21-\x7e]*$/, 'must be a path that starts with "/", such as /healthz')
          .default('/'),
      })
      .optional(),
    grpc: z.strictObject({ port: probePortSchema.optional(), service: z.string().max(256).default('') }).optional(),
    exec: z
      .strictObject({
        command: z
          .tuple([z.string().min(1).max(4096)], z.string().max(4096))
          .refine((all) => all.length <= 64, 'is too long'),
      })
      .optional(),
    initialDelaySeconds: z.number().min(0).max(3600).default(0),
    periodSeconds: z.number().min(0.1).max(3600).default(10),
    timeoutSeconds: z.number().min(0.1).max(300).default(1),
    successThreshold: z.int().min(1).max(100).default(1),
    failureThreshold: z.int().min(1).max(100).default(3),
  })
  .refine(
    (p) => [p.tcpSocket, p.httpGet, p.grpc, p.exec].filter((check) => check !== undefined).length === 1,
    'needs exactly one of tcpSocket, httpGet, grpc, exec',
  );

export const workloadSchema = z
  .strictObject({
    name: nameSchema,
    namespace: nameSchema.default('default'),
    labels: z.record(z.string().min(1).max(317), z.string().max(63)).default({}),
    address: addressSchema.nullable().default(null),
    ports: z
      .record(portNameSchema, portValueSchema)
      .refine((ports) => Object.keys(ports).length > 0, 'needs at least one port')
      .refine((ports) => Object.keys(ports).length <= 64, 'must have at most 64 ports'),
    weight: z.int().min(1).max(1_000_000).default(1),
    locality: localitySchema.nullable().default(null),
    group: groupSchema.nullable().default(null),
    probe: probeSchema.nullable().default(null),
    serviceAccount: accountSchema.default('default'),
    programs: programsSchema,
  })
  .transform((raw, context): WorkloadConfig => {
    const ports: WorkloadPort[] = Object.entries(raw.ports).map(([name, value]) => ({ name, ...value }));
    const complain = (path: string[], message: string): void =>
      context.addIssue({ code: 'custom', path: ['probe', ...path], message });
    return { ...raw, ports, probe: raw.probe === null ? null : decideProbe(raw.probe, ports, complain) };
  });

function rename(value: { readonly port: number; readonly appProtocol: WorkloadPort['protocol'] }): {
  port: number;
  protocol: WorkloadPort['protocol'];
} {
  return { port: value.port, protocol: value.appProtocol };
}

function decideProbe(
  raw: z.output<typeof probeSchema>,
  ports: readonly WorkloadPort[],
  complain: (path: string[], message: string) => void,
): ProbeConfig {
  const { initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold } = raw;
  const pace = { initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold };
  return { check: decideCheck(raw, ports, complain), ...pace };
}

function decideCheck(
  { httpGet, tcpSocket, grpc, exec }: z.output<typeof probeSchema>,
  ports: readonly WorkloadPort[],
  complain: (path: string[], message: string) => void,
): ProbeConfig['check'] {
  const portOf = (kind: string, wanted: number | string | undefined): number => {
    const port = findPort(wanted, ports);
    if (port === null) complain([kind, 'port'], `names the port "${wanted}", which this workload does not have`);
    return port ?? 0;
  };
  if (exec !== undefined) return { type: 'exec', command: exec.command };
  if (httpGet !== undefined) return { type: 'http', port: portOf('httpGet', httpGet.port), path: httpGet.path };
  if (grpc !== undefined) return { type: 'grpc', port: portOf('grpc', grpc.port), service: grpc.service };
  return { type: 'tcp', port: portOf('tcpSocket', tcpSocket?.port) };
}

/** A number may be any port (a separate health port is common); a name must be one of the workload's. */
function findPort(wanted: number | string | undefined, ports: readonly WorkloadPort[]): number | null {
  if (typeof wanted === 'number') return wanted;
  if (wanted === undefined) return ports[0]?.port ?? null;
  return ports.find((p) => p.name === wanted)?.port ?? null;
}
