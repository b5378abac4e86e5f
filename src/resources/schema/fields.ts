/** Field schemas that several kinds share. The limits are those of Kubernetes and the Gateway API. */
import { z } from '../../core/schema.ts';

const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const LABEL_PART = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/;
const MAX_LABELS = 64;
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** RFC 1123 label: namespaces and the names of Services. */
export const dnsLabel = z.string().min(1).max(63).regex(DNS_LABEL, {
  error: 'must be lower-case letters, digits and "-", beginning and ending with a letter or digit',
});

/** RFC 1123 subdomain: the names of all other resources. */
export const dnsSubdomain = z.string().min(1).max(253).regex(DNS_SUBDOMAIN, {
  error: 'must be lower-case letters, digits, "-" and ".", each part beginning and ending with a letter or digit',
});

/** A name without wildcard that is no address: it stands in the Host header or in the server name of TLS. */
export const preciseHostname = dnsSubdomain.refine((name) => !/^[0-9.]+$/.test(name), {
  error: 'must be a name, not an address',
});

/** IANA service name with at least one letter: names of ports. */
export const portName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^(?=.*[a-z])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, {
    error: ({ input }) =>
      /^[0-9]+$/.test(String(input))
        ? 'a port number must not be in quotes'
        : 'must be lower-case letters, digits and "-", with at least one letter',
  });

export const portNumber = z.int().min(1).max(65535);

/** Field accepted for the sake of manifests written for Kubernetes, and dropped. */
export const ignored = z.unknown().optional();

/** Field that exists in the standard but not here: refused with a sentence of its own. */
export function unsupported(sentence: string): z.ZodOptional<z.ZodNever> {
  return z.never({ error: sentence }).optional();
}

/** Field whose default may be spelt out and whose other values are refused. */
export function onlyDefault<T extends string | boolean>(value: T): z.ZodOptional<z.ZodLiteral<T>> {
  return z.literal(value, { error: `only ${JSON.stringify(value)} is supported` }).optional();
}

export const labels = z.record(z.string(), z.string()).superRefine((record, ctx) => {
  const entries = Object.entries(record);
  if (entries.length > MAX_LABELS) ctx.addIssue({ code: 'custom', message: `must have at most ${MAX_LABELS} labels` });
  for (const [name, value] of entries) {
    const problem = labelNameProblem(name) ?? labelValueProblem(value);
    if (problem !== null) ctx.addIssue({ code: 'custom', message: problem, path: [name] });
  }
});

export const annotations = z.record(z.string(), z.string()).superRefine((record, ctx) => {
  const bytes = Object.entries(record).reduce((sum, [k, v]) => sum + Buffer.byteLength(k) + Buffer.byteLength(v), 0);
  if (bytes > MAX_ANNOTATION_BYTES) ctx.addIssue({ code: 'custom', message: 'annotations exceed 256 KiB together' });
  for (const name of Object.keys(record)) {
    const problem = labelNameProblem(name);
    if (problem !== null) ctx.addIssue({ code: 'custom', message: problem, path: [name] });
  }
});

function labelNameProblem(name: string): string | null {
  const slash = name.indexOf('/');
  const prefix = slash === -1 ? null : name.slice(0, slash);
  const rest = name.slice(slash + 1);
  if (prefix !== null && (prefix.length > 253 || !DNS_SUBDOMAIN.test(prefix))) {
    return 'the part of the name before "/" must be a DNS name';
  }
  return rest.length <= 63 && LABEL_PART.test(rest)
    ? null
    : 'the name must be 1 to 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit';
}

function labelValueProblem(value: string): string | null {
  return value === '' || (value.length <= 63 && LABEL_PART.test(value))
    ? null
    : 'the value must be at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit';
}

/** Refuses a list that has the same text twice (`listType=set`). */
export function distinct<T extends string | number>(list: readonly T[], ctx: z.core.$RefinementCtx<T[]>): void {
  refuseRepeats(list, String, (i, first) =>
    ctx.addIssue({ code: 'custom', message: `repeats entry ${first}`, path: [i] }),
  );
}

/** `targetRefs` of a policy (GEP-713): one at least, none twice. @param titleOf what makes two the same */
export function targetRefList<T extends z.ZodType>(ref: T, most: number, titleOf: (target: z.output<T>) => string) {
  return z
    .array(ref)
    .min(1)
    .max(most)
    .superRefine((refs, ctx) => {
      refuseRepeats(refs, titleOf, (i, first) =>
        ctx.addIssue({ code: 'custom', message: `repeats targetRefs[${first}]`, path: [i] }),
      );
    });
}

/** Reports every entry of a list whose key an earlier entry already has. */
export function refuseRepeats<T>(
  list: readonly T[],
  keyOf: (item: T) => string,
  report: (index: number, first: number) => void,
): void {
  const first = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const key = keyOf(item);
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    else report(index, earlier);
  }
}
