import { z } from '../../core/schema.ts';
import type { SessionPersistenceSpec } from '../policy-types.ts';
import { defined } from './defined.ts';
import { positiveDuration } from './duration.ts';
import { unsupported } from './fields.ts';
import { editableHeaderName, headerName } from './header-modifier.ts';

/** RFC 6265 section 4.1.1: a token. */
export const cookieName = headerName.describe('Name of a cookie.');

const lifetimeType = z.enum(['Session', 'Permanent']);

const cookie = z.strictObject({
  name: cookieName.optional(),
  path: z
    .string()
    .max(1024)
    .regex(/^\/[\x21-\x3a\x3c-\x7e]*$/, { error: 'must be a path that starts with "/", without ";" and spaces' })
    .default('/'),
  lifetimeType: lifetimeType.default('Session'),
});

/**
 * GEP-1619. The shape of Gateway API up to 1.6 (`sessionName`, `cookieConfig`) is accepted too and stored in the newer one
 * (`cookie`, `header`).
 */
export const sessionPersistence = z
  .strictObject({
    type: z.enum(['Cookie', 'Header']).default('Cookie'),
    absoluteTimeout: positiveDuration.optional(),
    cookie: cookie.optional(),
    header: z.strictObject({ name: editableHeaderName }).optional(),
    sessionName: cookieName.optional(),
    cookieConfig: z.strictObject({ lifetimeType: lifetimeType.optional() }).optional(),
    idleTimeout: unsupported('idle timeouts of sessions are not supported; use absoluteTimeout'),
  })
  .transform((raw, ctx): SessionPersistenceSpec => {
    const complain = (path: string[], message: string): void => ctx.addIssue({ code: 'custom', message, path });
    return raw.type === 'Header' ? decodeHeader(raw, complain) : decodeCookie(raw, complain);
  });

interface Raw {
  readonly absoluteTimeout?: string | undefined;
  readonly cookie?: z.output<typeof cookie> | undefined;
  readonly header?: { readonly name: string } | undefined;
  readonly sessionName?: string | undefined;
  readonly cookieConfig?: { readonly lifetimeType?: 'Session' | 'Permanent' | undefined } | undefined;
}
type Complain = (path: string[], message: string) => void;

function decodeCookie(raw: Raw, complain: Complain): SessionPersistenceSpec {
  const { absoluteTimeout, sessionName, cookieConfig } = raw;
  if (raw.header !== undefined) complain(['header'], 'goes with type: Header');
  if (raw.cookie !== undefined && sessionName !== undefined) complain(['sessionName'], 'write cookie.name instead');
  if (raw.cookie !== undefined && cookieConfig !== undefined) complain(['cookieConfig'], 'write cookie instead');
  const older = { name: sessionName, path: '/', lifetimeType: cookieConfig?.lifetimeType ?? 'Session' } as const;
  const made = defined(raw.cookie ?? older);
  if (made.lifetimeType === 'Permanent' && absoluteTimeout === undefined) {
    complain(['absoluteTimeout'], 'this field is required when lifetimeType is Permanent');
  }
  return { type: 'Cookie', ...defined({ absoluteTimeout }), cookie: made };
}

function decodeHeader(raw: Raw, complain: Complain): SessionPersistenceSpec {
  const { absoluteTimeout, header, sessionName } = raw;
  if (raw.cookie !== undefined) complain(['cookie'], 'goes with type: Cookie');
  if (raw.cookieConfig !== undefined) complain(['cookieConfig'], 'goes with type: Cookie');
  if (header !== undefined && sessionName !== undefined) complain(['sessionName'], 'write header.name instead');
  const name = header?.name ?? sessionName;
  if (name === undefined) complain(['header', 'name'], 'this field is required for type: Header');
  else if (header === undefined && !editableHeaderName.safeParse(name).success)
    complain(['sessionName'], 'this header frames or addresses the message');
  return { type: 'Header', ...defined({ absoluteTimeout }), header: { name: name ?? '' } };
}
