import { z } from '../../core/schema.ts';
import type { AuthorizationPolicySpec } from '../authorization-types.ts';
import { attributeOf } from '../compile/condition-key.ts';
import {
  hosts,
  ipBlocks,
  methods,
  namespaces,
  paths,
  patterns,
  ports,
  principals,
  serviceAccounts,
  valueProblem,
} from './authorization-words.ts';
import { defined } from './defined.ts';
import { unsupported } from './fields.ts';
import { metadata } from './metadata.ts';
import { refuseTwoScopes, workloadScope } from './workload-scope.ts';

const MAX_RULES = 512;
const MAX_GROUPS = 128;
const DRY_RUN = 'istio.io/dry-run';
const NO_PROVIDERS = 'CUSTOM is not supported: nobody outside is asked; write ALLOW and DENY policies';

const source = z
  .strictObject({
    principals,
    notPrincipals: principals,
    requestPrincipals: patterns,
    notRequestPrincipals: patterns,
    namespaces,
    notNamespaces: namespaces,
    serviceAccounts,
    notServiceAccounts: serviceAccounts,
    trustDomains: patterns,
    notTrustDomains: patterns,
    ipBlocks,
    notIpBlocks: ipBlocks,
    remoteIpBlocks: ipBlocks,
    notRemoteIpBlocks: ipBlocks,
  })
  .superRefine((fields, ctx) => {
    refuseEmpty(fields, ctx);
    const named = fields.principals ?? fields.notPrincipals ?? fields.namespaces ?? fields.notNamespaces;
    if (named === undefined || (fields.serviceAccounts ?? fields.notServiceAccounts) === undefined) return;
    ctx.addIssue({ code: 'custom', message: 'serviceAccounts cannot stand beside principals or namespaces' });
  })
  .transform((fields) => defined(fields));

const operation = z
  .strictObject({
    hosts,
    notHosts: hosts,
    ports,
    notPorts: ports,
    methods,
    notMethods: methods,
    paths,
    notPaths: paths,
  })
  .superRefine(refuseEmpty)
  .transform((fields) => defined(fields));

const texts = z.array(z.string().max(2048)).min(1).max(512).optional();

const condition = z
  .strictObject({ key: z.string().min(1).max(1024), values: texts, notValues: texts })
  .superRefine(({ key, values, notValues }, ctx) => {
    const attribute = attributeOf(key);
    if ('problem' in attribute) return ctx.addIssue({ code: 'custom', message: attribute.problem, path: ['key'] });
    if (values === undefined && notValues === undefined)
      ctx.addIssue({ code: 'custom', message: 'values or notValues must be set' });
    for (const [field, list] of Object.entries({ values, notValues })) {
      for (const [i, value] of (list ?? []).entries()) {
        const problem = valueProblem(attribute.attribute, value);
        if (problem !== null) ctx.addIssue({ code: 'custom', message: problem, path: [field, i] });
      }
    }
  })
  .transform((fields) => defined(fields));

const rule = z
  .strictObject({
    from: z.array(z.strictObject({ source })).min(1).max(MAX_GROUPS).optional(),
    to: z.array(z.strictObject({ operation })).min(1).max(MAX_GROUPS).optional(),
    when: z.array(condition).min(1).max(MAX_GROUPS).optional(),
  })
  .transform((fields) => defined(fields));

export const authorizationPolicySpec = z
  .strictObject({
    ...workloadScope,
    action: z
      .enum(['ALLOW', 'DENY', 'AUDIT'], { error: ({ input }) => (input === 'CUSTOM' ? NO_PROVIDERS : undefined) })
      .default('ALLOW'),
    rules: z.array(rule).max(MAX_RULES).default([]),
    provider: unsupported(NO_PROVIDERS),
  })
  .superRefine((spec, ctx) => {
    refuseTwoScopes(spec, ctx);
    if (spec.action === 'ALLOW' || spec.rules.length > 0) return;
    const message = `without rules ${spec.action} never matches; write {} as a rule that matches everything`;
    ctx.addIssue({ code: 'custom', message, path: ['rules'] });
  })
  .transform((spec): AuthorizationPolicySpec => defined(spec));

/** Istio's annotation is part of what the policy says. */
export const authorizationPolicyMetadata = metadata.superRefine(({ annotations }, ctx) => {
  const dryRun = annotations[DRY_RUN];
  if (dryRun === undefined || dryRun === 'true' || dryRun === 'false') return;
  ctx.addIssue({ code: 'custom', message: 'must be "true" or "false"', path: ['annotations', DRY_RUN] });
});

export function isDryRun({ annotations }: { readonly annotations: Readonly<Record<string, string>> }): boolean {
  return annotations[DRY_RUN] === 'true';
}

function refuseEmpty(fields: object, ctx: z.core.$RefinementCtx<unknown>): void {
  if (Object.values(fields).some((field) => field !== undefined)) return;
  ctx.addIssue({ code: 'custom', message: 'must say something; leave it out to match all' });
}
