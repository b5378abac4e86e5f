/**
 * KV key `host.<h>`: what the agent of a host must know of its own workloads, beside its own file: the policies for what arrives at
 * them. Members of a workload that are absent say nothing; so do workloads that are absent, and a host without a view.
 */
import { z } from '../core/schema.ts';
import { name, port } from './schema-words.ts';
import { versionSchema } from './view-schema.ts';
import type { ViewVersion } from './view-words.ts';

/** Whether connections must be mutual TLS (PeerAuthentication). */
export interface MtlsView {
  /** DISABLE: only as the program wants it. PERMISSIVE: mutual TLS and anything else. STRICT: mutual TLS alone. */
  readonly mode: 'DISABLE' | 'PERMISSIVE' | 'STRICT';
  /** `<namespace>/<name>` of the policy that decided; '' = none did. */
  readonly policy: string;
}

export interface WorkloadMtlsView extends MtlsView {
  /** Ports that are treated in another way. */
  readonly ports?: readonly ({ readonly port: number } & MtlsView)[] | undefined;
}

/** Policies for one workload, named as in the agent's file. */
export interface WorkloadPolicyView {
  readonly namespace: string;
  readonly name: string;
  /** Absent: PERMISSIVE, since no policy says anything. */
  readonly mtls?: WorkloadMtlsView | undefined;
}

export interface HostView {
  readonly version: ViewVersion;
  /** By namespace and name, in order. */
  readonly workloads: readonly WorkloadPolicyView[];
  /** Of ports that no workload claims; absent: PERMISSIVE. */
  readonly mtls?: MtlsView | undefined;
}

/** As many as a lease names. */
const MAX_WORKLOADS = 500;
const MAX_PORTS = 100;

const mtls = { mode: z.enum(['DISABLE', 'PERMISSIVE', 'STRICT']), policy: z.string().max(320) };
const workloadMtls = z.object({
  ...mtls,
  ports: z
    .array(z.object({ port, ...mtls }))
    .max(MAX_PORTS)
    .optional(),
});

export const hostViewSchema: z.ZodType<HostView> = z.object({
  version: versionSchema,
  workloads: z.array(z.object({ namespace: name, name, mtls: workloadMtls.optional() })).max(MAX_WORKLOADS),
  mtls: z.object(mtls).optional(),
});
