import { z } from '../../core/schema.ts';
import type { GroupProbe, WorkloadGroupSpec } from '../registry-types.ts';
import { defined } from './defined.ts';
import { annotations, dnsSubdomain, labels, onlyDefault, portNumber, unsupported } from './fields.ts';
import { locality, network, weight, workloadPorts } from './workload-fields.ts';

const OWN_HOST = 'the agent asks the workload at its own address';

const httpGet = z.strictObject({
  path: z
    .string()
    .max(2048)
    .regex(/^\/[\x21-\x7e]*$/, { error: 'must be a path that starts with "/", such as /healthz' })
    .default('/'),
  port: portNumber,
  scheme: onlyDefault('HTTP'),
  host: unsupported(OWN_HOST),
  httpHeaders: unsupported('headers of probes are not supported'),
});

const probe = z
  .strictObject({
    httpGet: httpGet.transform(({ path, port }) => ({ path, port })).optional(),
    tcpSocket: z
      .strictObject({ port: portNumber, host: unsupported(OWN_HOST) })
      .transform(({ port }) => ({ port }))
      .optional(),
    grpc: z.strictObject({ port: portNumber, service: z.string().max(256).default('') }).optional(),
    // Whoever may write resources would run programs on every host.
    exec: unsupported('commands are written in the agent file of the host that runs them'),
    initialDelaySeconds: z.number().min(0).max(3600).default(0),
    periodSeconds: z.number().min(0.1).max(3600).default(10),
    timeoutSeconds: z.number().min(0.1).max(300).default(1),
    successThreshold: z.int().min(1).max(100).default(1),
    failureThreshold: z.int().min(1).max(100).default(3),
  })
  .transform((raw, ctx): GroupProbe => {
    const { httpGet, tcpSocket, grpc, exec: _, ...pace } = raw;
    const checks = [httpGet, tcpSocket, grpc].filter((check) => check !== undefined);
    if (checks.length === 1) {
      if (httpGet !== undefined) return { ...pace, httpGet };
      if (tcpSocket !== undefined) return { ...pace, tcpSocket };
      if (grpc !== undefined) return { ...pace, grpc };
    }
    ctx.addIssue({ code: 'custom', message: 'needs exactly one of httpGet, tcpSocket, grpc' });
    return z.NEVER;
  });

const template = z
  .strictObject({
    address: z.literal('', { error: 'each agent registers the address of its own host' }).optional(),
    ports: workloadPorts,
    labels: labels.default({}),
    weight: weight.default(1),
    locality: locality.optional(),
    serviceAccount: dnsSubdomain.optional(),
    network,
  })
  .transform(({ address: _, network: __, ...rest }): WorkloadGroupSpec['template'] => defined(rest));

export const workloadGroupSpec = z
  .strictObject({
    metadata: z
      .strictObject({ labels: labels.default({}), annotations: annotations.default({}) })
      .default(() => ({ labels: {}, annotations: {} })),
    template,
    probe: probe.optional(),
  })
  .transform((spec): WorkloadGroupSpec => defined(spec));
