import { z } from '../../core/schema.ts';
import type { HeaderModifier, HTTPRouteFilter } from '../types.ts';
import { ignored, refuseRepeats } from './fields.ts';

/** RFC 9110 section 5.6.2 token. */
export const headerName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, {
    error: 'must be a header name (letters, digits and "-")',
  });

/** Printable ASCII: a line break would end the header and begin another. */
export const headerValue = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/, {
    error: 'must be printable ASCII, not beginning or ending with a space',
  });

/** Written by the codec alone (message framing, RFC 9110 section 7.6.1), or decide where the request is bound for. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A header that is not one of those. */
export const editableHeaderName = headerName.refine((name) => !RESERVED.has(name.toLowerCase()), {
  error: 'this header frames or addresses the message and cannot be edited',
});

const MAX_EDITS = 16;
const edits = z.array(z.strictObject({ name: editableHeaderName, value: headerValue })).max(MAX_EDITS);

const headerModifier = z
  .strictObject({
    set: edits.default([]),
    add: edits.default([]),
    remove: z.array(editableHeaderName).max(MAX_EDITS).default([]),
  })
  .superRefine((modifier, ctx) => {
    const all = [
      ...modifier.set.map(({ name }, i) => ({ name, path: ['set', i, 'name'] })),
      ...modifier.add.map(({ name }, i) => ({ name, path: ['add', i, 'name'] })),
      ...modifier.remove.map((name, i) => ({ name, path: ['remove', i] })),
    ];
    refuseRepeats(
      all,
      ({ name }) => name.toLowerCase(),
      (i) =>
        ctx.addIssue({ code: 'custom', message: 'only one action per header is allowed', path: all[i]?.path ?? [] }),
    );
  }) satisfies z.ZodType<HeaderModifier>;

/** Filters of the standard that come later; each has a field of its own beside `type`. */
const LATER = {
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
  ExtensionRef: 'extensionRef',
} as const;

const laterFields = Object.fromEntries(Object.values(LATER).map((field) => [field, ignored])) as Record<
  (typeof LATER)[keyof typeof LATER],
  typeof ignored
>;

const filter = z
  .strictObject({
    type: z.literal('RequestHeaderModifier', {
      error: ({ input }) =>
        typeof input === 'string' && Object.hasOwn(LATER, input)
          ? `the filter ${input} is not supported yet; only RequestHeaderModifier is`
          : undefined,
    }),
    requestHeaderModifier: headerModifier.optional(),
    ...laterFields,
  })
  .transform((value, ctx): HTTPRouteFilter => {
    for (const field of Object.values(LATER)) {
      if (value[field] !== undefined) {
        ctx.addIssue({ code: 'custom', message: `does not belong to a filter of type ${value.type}`, path: [field] });
      }
    }
    if (value.requestHeaderModifier === undefined) {
      ctx.addIssue({ code: 'custom', message: 'this field is required (an object)', path: ['requestHeaderModifier'] });
      return z.NEVER;
    }
    return { type: value.type, requestHeaderModifier: value.requestHeaderModifier };
  });

/** Filters of a rule or of a backendRef. */
export const filters = z
  .array(filter)
  .max(16)
  .superRefine((list, ctx) => {
    refuseRepeats(
      list,
      ({ type }) => type,
      (i) => ctx.addIssue({ code: 'custom', message: 'RequestHeaderModifier may appear only once', path: [i, 'type'] }),
    );
  })
  .default([]);
