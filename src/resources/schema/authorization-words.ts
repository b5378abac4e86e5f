/** The lists of texts that an AuthorizationPolicy is made of. */
import { z } from '../../core/schema.ts';
import { canonicalCidr, canonicalIp } from '../ip-address.ts';
import { dnsLabel } from './fields.ts';
import { pathProblem } from './path-pattern.ts';

const MAX_VALUES = 512;
const STARS = 'may begin or end with "*", and have no other: abc, abc*, *abc or *';

function list(item: z.ZodType<string>) {
  return z.array(item).min(1).max(MAX_VALUES).optional();
}

/** Istio's exact, prefix, suffix and presence match. */
const pattern = z
  .string()
  .min(1)
  .max(2048)
  .regex(/^\P{Cc}+$/u, { error: 'must not contain control characters' })
  .refine((text) => text === '*' || !/^\*.*\*$|^.+\*.+$/s.test(text), { error: STARS });

export const patterns = list(pattern);

export const principals = list(
  pattern.refine((text) => !text.includes('://'), {
    error: 'is written without a scheme: trust-domain/ns/namespace/sa/account',
  }),
);

export const serviceAccounts = list(
  z
    .string()
    .max(320)
    .regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\/)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, {
      error: 'must be <namespace>/<account> or <account>, without "*"',
    }),
);

const ipBlock = z.string().transform((text, ctx): string => {
  const ip = text.includes('/') ? canonicalCidr(text) : canonicalIp(text);
  if (ip === null) ctx.addIssue({ code: 'custom', message: 'must be an IP address or a range such as 10.0.0.0/8' });
  return ip ?? z.NEVER;
});

export const ipBlocks = list(ipBlock);

const portText = z.string().regex(/^[1-9][0-9]{0,4}$/, { error: 'must be a port number in quotes, such as "8080"' });

export const ports = list(portText.refine((text) => Number(text) <= 65_535, { error: 'must be at most 65535' }));

export const methods = list(
  z
    .string()
    .max(64)
    .regex(/^\*?[A-Za-z0-9!#$%&'+.^_`|~-]*\*?$/, { error: 'must be a method such as GET' })
    .min(1),
);

export const paths = list(
  z
    .string()
    .min(1)
    .max(2048)
    .superRefine((path, ctx) => {
      const problem = pathProblem(path);
      if (problem !== null) ctx.addIssue({ code: 'custom', message: problem });
    }),
);

export const hosts = list(
  pattern.refine((text) => /^[\x21-\x7e]+$/.test(text) && !/[/@\\]/.test(text), {
    error: 'must be a host as in the Host header, such as example.com, *.example.com or example.com:8080',
  }),
);

export const namespaces = list(
  pattern.refine((text) => dnsLabel.safeParse(text.replaceAll('*', 'x')).success, {
    error: 'must be the name of a namespace; "*" may stand at its beginning or end',
  }),
);

/** What the values of a condition must be, for attributes that are no free texts. */
export function valueProblem(attribute: string, value: string): string | null {
  const schema = attribute.endsWith('.ip') ? ipBlock : attribute === 'destination.port' ? portText : pattern;
  return schema.safeParse(value).error?.issues[0]?.message ?? null;
}
