import { z } from '../../core/schema.ts';
import type { BackendRef, ParentRef, WeightedBackendRef } from '../route-types.ts';
import { dnsLabel, dnsSubdomain, portName, portNumber, refuseRepeats } from './fields.ts';

const MAX_PARENTS = 32;
export const MAX_BACKENDS = 16;
const ISTIO_NETWORKING = 'networking.istio.io';

const NOT_A_FRONTEND = 'a route attaches to a Service here: write group: "" and kind: Service';

const parentRef = z
  .strictObject({
    group: z.enum(['', ISTIO_NETWORKING], { error: NOT_A_FRONTEND }),
    kind: z.enum(['Service', 'ServiceEntry'], { error: NOT_A_FRONTEND }),
    name: dnsSubdomain,
    namespace: dnsLabel.optional(),
    sectionName: portName.optional(),
    port: portNumber.optional(),
  })
  .superRefine(({ group, kind }, ctx) => {
    if ((group === '') === (kind === 'Service')) return;
    const expected = kind === 'Service' ? '""' : ISTIO_NETWORKING;
    ctx.addIssue({ code: 'custom', message: `the group of a ${kind} is ${expected}`, path: ['group'] });
  }) satisfies z.ZodType<ParentRef>;

/** The parents of a route of any kind. */
export const parentRefs = z
  .array(parentRef)
  .min(1)
  .max(MAX_PARENTS)
  .superRefine((refs, ctx) => {
    const target = (ref: ParentRef): string => `${ref.kind} ${ref.namespace ?? ''}/${ref.name}`;
    const complain = (i: number, message: string): void => ctx.addIssue({ code: 'custom', message, path: [i] });
    refuseRepeats(
      refs,
      (ref) => `${target(ref)} ${ref.port ?? ''} ${ref.sectionName ?? ''}`,
      (i, first) => complain(i, `repeats parentRefs[${first}]`),
    );
    for (const [i, ref] of refs.entries()) {
      const whole = ref.port === undefined && ref.sectionName === undefined;
      const others = refs.some((other, j) => j !== i && target(other) === target(ref));
      if (whole && others) complain(i, `name a port: another parentRef is for the same ${ref.kind}`);
    }
  });

const backendFields = {
  group: z.string().max(253).default(''),
  kind: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/, { error: 'must be a kind' })
    .default('Service'),
  name: dnsSubdomain,
  namespace: dnsLabel.optional(),
  port: portNumber.optional(),
};

/** BackendRef with its share, and the fields that the kind of route adds. */
export const weightedFields = { ...backendFields, weight: z.int().min(0).max(1_000_000).default(1) };

/** A Service has no traffic without a port (Gateway API). */
export function refuseWithoutPort(ref: BackendRef, ctx: z.core.$RefinementCtx<BackendRef>): void {
  const needsPort = (ref.group === '' && ref.kind === 'Service') || ref.kind === 'ServiceEntry';
  if (!needsPort || ref.port !== undefined) return;
  ctx.addIssue({ code: 'custom', message: `this field is required for a ${ref.kind}`, path: ['port'] });
}

/** Where copies of requests go. */
export const mirrorBackendRef = z
  .strictObject(backendFields)
  .superRefine(refuseWithoutPort) satisfies z.ZodType<BackendRef>;

export const weightedBackendRef = z
  .strictObject(weightedFields)
  .superRefine(refuseWithoutPort) satisfies z.ZodType<WeightedBackendRef>;
