import { z } from '../../core/schema.ts';
import type { Cors } from '../route-types.ts';
import { distinct } from './fields.ts';
import { headerName } from './header-modifier.ts';
import { METHODS } from './http-match.ts';

const MAX_NAMES = 64;

const origin = z
  .string()
  .max(253)
  .regex(/^\*$|^https?:\/\/(?:(?:\*\.)?(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+|\*)(?::[0-9]{1,5})?$/, {
    error: 'must be "*" or an origin such as https://shop.example, https://*.example or http://*:8080',
  });

/** `*` stands alone, as upstream. */
function alone<T extends string>(list: readonly T[], ctx: z.core.$RefinementCtx<T[]>): void {
  const wildcard = (list as readonly string[]).indexOf('*');
  if (wildcard >= 0 && list.length > 1) {
    ctx.addIssue({ code: 'custom', message: '"*" must be the only entry', path: [wildcard] });
  }
}

/** HTTPCORSFilter (GEP-1767). */
export const cors = z.strictObject({
  allowOrigins: z.array(origin).max(MAX_NAMES).superRefine(distinct).superRefine(alone).default([]),
  allowCredentials: z.boolean().default(false),
  allowMethods: z
    .array(z.enum([...METHODS, '*']))
    .max(METHODS.length)
    .superRefine(distinct)
    .superRefine(alone)
    .default([]),
  allowHeaders: z.array(headerName).max(MAX_NAMES).superRefine(distinct).superRefine(alone).default([]),
  exposeHeaders: z.array(headerName).max(MAX_NAMES).superRefine(distinct).default([]),
  maxAge: z.int().min(1).max(2_147_483_647).default(5),
}) satisfies z.ZodType<Cors>;
