/**
 * KV key `host.<h>`: what the agent of a host must know of its own workloads, beside its own file: the policies for what arrives at
 * them. Members of a workload that are absent say nothing; so do workloads that are absent, and a host without a view.
 */
import { z } from '../core/schema.ts';
import { name } from './schema-words.ts';
import { versionSchema } from './view-schema.ts';
import type { ViewVersion } from './view-words.ts';

/** Policies for one workload, named as in the agent's file. */
export interface WorkloadPolicyView {
  readonly namespace: string;
  readonly name: string;
}

export interface HostView {
  readonly version: ViewVersion;
  /** By namespace and name, in order. */
  readonly workloads: readonly WorkloadPolicyView[];
}

/** As many as a lease names. */
const MAX_WORKLOADS = 500;

export const hostViewSchema: z.ZodType<HostView> = z.object({
  version: versionSchema,
  workloads: z.array(z.object({ namespace: name, name })).max(MAX_WORKLOADS),
});
