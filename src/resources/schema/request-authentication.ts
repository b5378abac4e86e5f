import { parseJwks } from '../../core/json-web-keys.ts';
import { z } from '../../core/schema.ts';
import type { JwtRule, RequestAuthenticationSpec } from '../authorization-types.ts';
import { defined } from './defined.ts';
import { durationWithin } from './duration.ts';
import { refuseRepeats } from './fields.ts';
import { headerName } from './header-modifier.ts';
import { refuseTwoScopes, workloadScope } from './workload-scope.ts';

const MAX_RULES = 64;
const MAX_LISTED = 64;
const HTTP_URL = /^https?:\/\/[^\s/?#]+(?:[/?][!-~]*)?$/;

const name = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'has characters that are not allowed here' });

/** What the codec writes, or a rule goes by, is no place for claims. */
const outputHeader = headerName.refine(
  (header) =>
    !/^(?:host|connection|content-length|transfer-encoding|te|upgrade|keep-alive|authorization|cookie)$/i.test(header),
  { error: 'cannot hold claims: choose another header' },
);

const url = z.string().max(2048).regex(HTTP_URL, { error: 'must be an http or https URL' });

const jwks = z
  .string()
  .min(1)
  .superRefine((text, ctx) => {
    const keys = parseJwks(text);
    if (!keys.ok) ctx.addIssue({ code: 'custom', message: `is no JSON Web Key Set: ${keys.error}` });
  });

const jwtRule = z
  .strictObject({
    issuer: z.string().min(1).max(2048),
    audiences: z.array(z.string().min(1).max(2048)).max(MAX_LISTED).default([]),
    jwks: jwks.optional(),
    jwksUri: url.optional(),
    fromHeaders: z
      .array(z.strictObject({ name: headerName, prefix: z.string().max(256).default('') }))
      .max(MAX_LISTED)
      .default([]),
    fromParams: z.array(name).max(MAX_LISTED).default([]),
    fromCookies: z.array(name).max(MAX_LISTED).default([]),
    outputPayloadToHeader: outputHeader.optional(),
    outputClaimToHeaders: z
      .array(z.strictObject({ header: outputHeader, claim: z.string().min(1).max(1024) }))
      .max(MAX_LISTED)
      .default([]),
    forwardOriginalToken: z.boolean().default(false),
    timeout: durationWithin('100ms', '60s').default('5s'),
    spaceDelimitedClaims: z.array(z.string().min(1).max(256)).max(MAX_LISTED).default([]),
  })
  .superRefine(({ issuer, jwks, jwksUri }, ctx) => {
    if (jwks !== undefined && jwksUri !== undefined)
      ctx.addIssue({ code: 'custom', message: 'jwks and jwksUri exclude each other', path: ['jwksUri'] });
    if (jwks === undefined && jwksUri === undefined && !HTTP_URL.test(issuer)) {
      const message = 'say where its keys are (jwks or jwksUri): the issuer is no URL that could be asked';
      ctx.addIssue({ code: 'custom', message, path: ['issuer'] });
    }
  })
  .transform((rule): JwtRule => defined(rule));

export const requestAuthenticationSpec = z
  .strictObject({
    ...workloadScope,
    jwtRules: z
      .array(jwtRule)
      .max(MAX_RULES)
      .default([])
      .superRefine((rules, ctx) => {
        refuseRepeats(
          rules,
          (rule) => JSON.stringify(rule),
          (i, first) => ctx.addIssue({ code: 'custom', message: `repeats jwtRules[${first}]`, path: [i] }),
        );
      }),
  })
  .superRefine(refuseTwoScopes)
  .transform((spec): RequestAuthenticationSpec => defined(spec));
