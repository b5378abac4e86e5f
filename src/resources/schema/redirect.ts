import { z } from '../../core/schema.ts';
import type { PathModifier, RequestRedirect, UrlRewrite } from '../route-types.ts';
import { portNumber, preciseHostname } from './fields.ts';
import { absolutePathProblem } from './http-match.ts';

/** Empty, or a path: it is written into a request line or a Location header as it stands. */
const newPath = z
  .string()
  .max(1024)
  .superRefine((value, ctx) => {
    const message = value === '' ? null : absolutePathProblem(value);
    if (message !== null) ctx.addIssue({ code: 'custom', message });
  });

const pathModifier = z
  .strictObject({
    type: z.enum(['ReplaceFullPath', 'ReplacePrefixMatch']),
    replaceFullPath: newPath.optional(),
    replacePrefixMatch: newPath.optional(),
  })
  .transform(({ type, replaceFullPath, replacePrefixMatch }, ctx): PathModifier => {
    if (type === 'ReplaceFullPath' && replaceFullPath !== undefined && replacePrefixMatch === undefined) {
      return { type, replaceFullPath };
    }
    if (type === 'ReplacePrefixMatch' && replacePrefixMatch !== undefined && replaceFullPath === undefined) {
      return { type, replacePrefixMatch };
    }
    const field = type === 'ReplaceFullPath' ? 'replaceFullPath' : 'replacePrefixMatch';
    ctx.addIssue({ code: 'custom', message: `type ${type} goes with ${field}, and with nothing else`, path: [field] });
    return z.NEVER;
  });

const STATUSES = [301, 302, 303, 307, 308] as const;

/** HTTPRequestRedirectFilter. */
export const requestRedirect = z.strictObject({
  scheme: z.enum(['http', 'https']).optional(),
  hostname: preciseHostname.optional(),
  path: pathModifier.optional(),
  port: portNumber.optional(),
  statusCode: z.literal(STATUSES).default(302),
}) satisfies z.ZodType<RequestRedirect>;

/** HTTPURLRewriteFilter. */
export const urlRewrite = z.strictObject({
  hostname: preciseHostname.optional(),
  path: pathModifier.optional(),
}) satisfies z.ZodType<UrlRewrite>;
