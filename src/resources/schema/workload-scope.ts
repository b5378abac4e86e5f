/** Whom Istio's security policies are for. */
import { z } from '../../core/schema.ts';
import type { FrontendTarget } from '../policy-types.ts';
import { dnsLabel, labels, targetRefList, unsupported } from './fields.ts';

const MAX_TARGETS = 16;
const ONLY_SERVICES =
  'only Services (group: "", kind: Service) and ServiceEntries (group: networking.istio.io) can be targeted: there are no gateways';

const targetRef = z
  .strictObject({
    group: z.enum(['', 'core', 'networking.istio.io'], { error: ONLY_SERVICES }).default(''),
    kind: z.enum(['Service', 'ServiceEntry'], { error: ONLY_SERVICES }),
    name: dnsLabel,
    namespace: unsupported('a policy is for workloads of its own namespace'),
  })
  .transform(({ group, kind, name }, ctx): FrontendTarget => {
    if (group !== 'networking.istio.io' && kind === 'Service') return { group: '', kind, name };
    if (group === 'networking.istio.io' && kind === 'ServiceEntry') return { group, kind, name };
    ctx.addIssue({ code: 'custom', message: ONLY_SERVICES, path: ['kind'] });
    return z.NEVER;
  });

/** Fields of the `spec` of a policy for workloads. */
export const workloadScope = {
  selector: z.strictObject({ matchLabels: labels.default({}) }).optional(),
  targetRefs: targetRefList(targetRef, MAX_TARGETS, ({ kind, name }) => `${kind} ${name}`).optional(),
  targetRef: unsupported('write targetRefs, a list'),
} as const;

/** As Istio admits them: at most one of the two. */
export function refuseTwoScopes(
  { selector, targetRefs }: { readonly selector?: unknown; readonly targetRefs?: unknown },
  ctx: z.core.$RefinementCtx<unknown>,
): void {
  if (selector === undefined || targetRefs === undefined) return;
  ctx.addIssue({ code: 'custom', message: 'selector and targetRefs exclude each other', path: ['targetRefs'] });
}
