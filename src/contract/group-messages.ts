/** What agents ask control of the WorkloadGroups of their workloads. */
import { z } from '../core/schema.ts';

/** So many groups are asked for at once. */
export const MAX_ASKED_GROUPS = 100;

const namespace = z.string().min(1).max(63);
const name = z.string().min(1).max(253);
const port = z.number().int().min(1).max(65535);
const threshold = z.number().int().min(1).max(100);

/** Body of `control.group.get.<host>`. */
export const groupRequestSchema = z.strictObject({
  groups: z.array(z.strictObject({ namespace, name })).min(1).max(MAX_ASKED_GROUPS),
});

/** Kubernetes' readiness probe, as far as others may ask a host for one: commands are none of them. Seconds. */
export const groupProbeSchema = z
  .object({
    initialDelaySeconds: z.number().min(0).max(3600),
    periodSeconds: z.number().min(0.1).max(3600),
    timeoutSeconds: z.number().min(0.1).max(300),
    successThreshold: threshold,
    failureThreshold: threshold,
    httpGet: z
      .object({
        path: z
          .string()
          .max(2048)
          .regex(/^\/[\x21-\x7e]*$/),
        port,
      })
      .optional(),
    tcpSocket: z.object({ port }).optional(),
    grpc: z.object({ port, service: z.string().max(256) }).optional(),
  })
  .refine(
    (probe) => [probe.httpGet, probe.tcpSocket, probe.grpc].filter((check) => check !== undefined).length === 1,
    'needs exactly one of httpGet, tcpSocket, grpc',
  );
export type GroupProbeMessage = z.infer<typeof groupProbeSchema>;

/** `probe` null: there is no such group, or it has none. */
export const groupReplySchema = z.object({
  groups: z.array(z.object({ namespace, name, probe: groupProbeSchema.nullable() })).max(MAX_ASKED_GROUPS),
});
export type GroupReply = z.infer<typeof groupReplySchema>;
