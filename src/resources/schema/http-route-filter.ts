import { z } from '../../core/schema.ts';
import type { DirectResponse, HTTPRouteFilterSpec } from '../route-types.ts';
import { unsupported } from './fields.ts';
import { headerModifier, headerValue } from './header-modifier.ts';
import { patternsOfValues, refusePatterns } from './pattern.ts';
import { cookieMatches } from './value-match.ts';

const MAX_MATCHES = 8;
const MAX_BODY = 16 * 1024;
/** Answers that have no body (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5). */
const BODILESS = [204, 205, 304];
/** Envoy's command operators, which are written into the body there: `%REQ(x-id)%`. */
const OPERATOR = /%[A-Z][A-Z0-9_]+(?:\([^)]*\))?(?::[0-9]+)?%/;

const body = z.strictObject({
  type: z.literal('Inline', { error: 'only "Inline" is supported: write the text under inline' }).default('Inline'),
  inline: z
    .string()
    .max(MAX_BODY)
    .refine((text) => !OPERATOR.test(text), { error: 'command operators such as %REQ(x-id)% are not supported' }),
  valueRef: unsupported('write the text under inline'),
});

const directResponse = z
  .strictObject({
    statusCode: z.int().min(200).max(599).default(200),
    contentType: headerValue.optional(),
    body: body.optional(),
    header: headerModifier.optional(),
  })
  .transform(({ statusCode, contentType, body: text, header }, ctx): DirectResponse => {
    if (text !== undefined && text.inline !== '' && BODILESS.includes(statusCode)) {
      ctx.addIssue({ code: 'custom', message: `an answer ${statusCode} has no body`, path: ['body'] });
    }
    if (header !== undefined && header.remove.length > 0) {
      const message = 'there is nothing to remove from an answer of our own';
      ctx.addIssue({ code: 'custom', message, path: ['header', 'remove'] });
    }
    return {
      statusCode,
      ...(contentType === undefined ? {} : { contentType }),
      ...(text === undefined ? {} : { body: { type: text.type, inline: text.inline } }),
      ...(header === undefined ? {} : { header: { set: header.set, add: header.add } }),
    };
  });

/** HTTPRouteFilter of Envoy Gateway: an answer of the proxy itself, and matches by cookie. */
export const httpRouteFilterSpec = z
  .strictObject({
    matches: z
      .array(z.strictObject({ cookies: cookieMatches }))
      .max(MAX_MATCHES)
      .superRefine((matches, ctx) => {
        const patterns = matches.flatMap(({ cookies }, i) =>
          patternsOfValues(cookies, 'cookies').map(({ text, path }) => ({ text, path: [i, ...path] })),
        );
        refusePatterns(patterns, ctx);
      })
      .default([]),
    directResponse: directResponse.optional(),
    urlRewrite: unsupported('use the filter URLRewrite of the HTTPRoute'),
    requestMirror: unsupported('use the filter RequestMirror of the HTTPRoute'),
    credentialInjection: unsupported('credentials are not injected'),
  })
  .transform(({ matches, directResponse: direct }, ctx): HTTPRouteFilterSpec => {
    if (matches.length === 0 && direct === undefined) {
      ctx.addIssue({ code: 'custom', message: 'says nothing: write matches or directResponse' });
    }
    return { matches, ...(direct === undefined ? {} : { directResponse: direct }) };
  });
