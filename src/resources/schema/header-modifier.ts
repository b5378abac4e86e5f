import { z } from '../../core/schema.ts';
import type { HeaderModifier } from '../route-types.ts';
import { refuseRepeats } from './fields.ts';

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

/** HTTPHeaderFilter: one action for each header. */
export const headerModifier = z
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
