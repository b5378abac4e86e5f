/**
 * Who may do what at a workload, as Istio's AuthorizationPolicy and RequestAuthentication say it. Every condition of a policy, wherever
 * it stands in the manifest, is a clause about one attribute.
 */
import { z } from '../core/schema.ts';
import { port } from './schema-words.ts';

/** Istio's attributes; `request.host`, `request.method` and `request.path` are the fields of `to`. */
export const ATTRIBUTES = [
  'source.principal',
  'source.namespace',
  'source.serviceAccount',
  'source.trustDomain',
  'source.ip',
  'remote.ip',
  'destination.ip',
  'destination.port',
  'connection.sni',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'request.auth.claims',
  'request.headers',
  'request.host',
  'request.method',
  'request.path',
] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

export interface ClauseView {
  readonly attribute: Attribute;
  /** Of a header, or of a claim and the claims inside it; empty for all others. */
  readonly key: readonly string[];
  /** One of them must match: exact, `abc*`, `*abc`, `*`; paths with `{*}` and `{**}`; CIDRs; port numbers. */
  readonly values: readonly string[];
  /** None of them may match. */
  readonly not: boolean;
}

export interface AuthorizationRuleView {
  /** One of them must hold, each as a whole; empty: anybody. */
  readonly from: readonly (readonly ClauseView[])[];
  readonly to: readonly (readonly ClauseView[])[];
  /** All must hold. */
  readonly when: readonly ClauseView[];
}

export interface AuthorizationPolicyView {
  /** `<namespace>/<name>`. */
  readonly policy: string;
  readonly action: 'ALLOW' | 'DENY' | 'AUDIT';
  /** Only counted and logged: what would be if it were in force. */
  readonly dryRun: boolean;
  /** Empty: no request matches. */
  readonly rules: readonly AuthorizationRuleView[];
}

/** A policy that holds for a workload. */
export interface PolicyUseView {
  /** Its place among the policies of the host. */
  readonly policy: number;
  /** On these ports only; absent: on all. */
  readonly ports?: readonly number[] | undefined;
}

const MAX_LISTED = 1024;
const values = z.array(z.string().max(4096)).max(MAX_LISTED);
const clause = z.object({
  attribute: z.enum(ATTRIBUTES),
  key: z.array(z.string().max(1024)).max(16),
  values,
  not: z.boolean(),
});
const clauses = z.array(z.array(clause).max(32)).max(MAX_LISTED);

export const authorizationPolicySchema: z.ZodType<AuthorizationPolicyView> = z.object({
  policy: z.string().max(320),
  action: z.enum(['ALLOW', 'DENY', 'AUDIT']),
  dryRun: z.boolean(),
  rules: z.array(z.object({ from: clauses, to: clauses, when: z.array(clause).max(MAX_LISTED) })).max(MAX_LISTED),
});

export const policyUsesSchema: z.ZodType<readonly PolicyUseView[]> = z
  .array(z.object({ policy: z.number().int().min(0).max(10_000), ports: z.array(port).max(MAX_LISTED).optional() }))
  .max(MAX_LISTED);
