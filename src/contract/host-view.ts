/**
 * KV key `host.<h>`: what the agent of a host must know of its own workloads, beside its own file: the policies for what arrives at
 * them. Members of a workload that are absent say nothing; so do workloads that are absent, and a host without a view.
 */
import { z } from '../core/schema.ts';
import {
  type AuthorizationPolicyView,
  authorizationPolicySchema,
  type PolicyUseView,
  policyUsesSchema,
} from './authorization-views.ts';
import { type JwtRuleView, jwtRuleSchema } from './jwt-views.ts';
import { inboundLimitsSchema } from './limit-schema.ts';
import type { InboundLimitsView } from './limit-views.ts';
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

/** Who may do what, and how tokens are checked: places in the tables of the host. */
export interface AccessView {
  readonly authorization?: readonly PolicyUseView[] | undefined;
  readonly authentication?: readonly PolicyUseView[] | undefined;
}

/** Policies for one workload, named as in the agent's file. */
export interface WorkloadPolicyView extends AccessView {
  readonly namespace: string;
  readonly name: string;
  /** Absent: PERMISSIVE, since no policy says anything. */
  readonly mtls?: WorkloadMtlsView | undefined;
  /** Rate limits, by the port of the program. */
  readonly limits?: readonly InboundLimitsView[] | undefined;
}

/** Of ports that no workload claims, as a namespace of the host has it. */
export interface OtherPolicyView extends AccessView {
  readonly namespace: string;
}

export interface HostView {
  readonly version: ViewVersion;
  /** By namespace and name, in order. */
  readonly workloads: readonly WorkloadPolicyView[];
  /** Of ports that no workload claims; absent: PERMISSIVE. */
  readonly mtls?: MtlsView | undefined;
  readonly authorizationPolicies?: readonly AuthorizationPolicyView[] | undefined;
  /** The rules of each RequestAuthentication. */
  readonly jwtRules?: readonly (readonly JwtRuleView[])[] | undefined;
  /** All of them count for ports that no workload claims. */
  readonly others?: readonly OtherPolicyView[] | undefined;
}

/** As many as a lease names. */
const MAX_WORKLOADS = 500;
const MAX_PORTS = 100;
const MAX_POLICIES = 10_000;
const access = { authorization: policyUsesSchema.optional(), authentication: policyUsesSchema.optional() };

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
  workloads: z
    .array(
      z.object({
        namespace: name,
        name,
        mtls: workloadMtls.optional(),
        limits: z.array(inboundLimitsSchema).max(1024).optional(),
        ...access,
      }),
    )
    .max(MAX_WORKLOADS),
  mtls: z.object(mtls).optional(),
  authorizationPolicies: z.array(authorizationPolicySchema).max(MAX_POLICIES).optional(),
  jwtRules: z.array(z.array(jwtRuleSchema).max(MAX_POLICIES)).max(MAX_POLICIES).optional(),
  others: z
    .array(z.object({ namespace: name, ...access }))
    .max(MAX_WORKLOADS)
    .optional(),
});
