/** A JSON Web Token in compact form (RFC 7515 3.1, RFC 7519), taken apart strictly: what could be read in two ways is refused. Pure. */
import { err, ok, type Result } from '../../../core/result.ts';
import { hasRepeatedMembers } from './repeated-members.ts';

export const MAX_TOKEN_BYTES = 8 * 1024;
const PART = /^[A-Za-z0-9_-]+$/;
const FORM = 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections';

export interface ParsedToken {
  readonly algorithm: string;
  /** null: the header names none. */
  readonly keyId: string | null;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What is signed. */
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** Errors are Envoy's words, where it has some. */
export function parseToken(text: string): Result<ParsedToken, string> {
  if (text.length > MAX_TOKEN_BYTES) return err('Jwt is too large');
  const parts = text.split('.');
  const [first = '', second = '', third = ''] = parts;
  if (parts.length !== 3 || !parts.every((part) => part !== '')) return err(FORM);
  const header = jsonOf(first);
  if (header === null) return err('Jwt header is an invalid JSON');
  const claims = jsonOf(second);
  if (claims === null) return err('Jwt payload is an invalid JSON');
  if (decodePart(third) === null) return err('Jwt signature is an invalid Base64url encoded');
  const { alg, kid } = header;
  if (typeof alg !== 'string') return err('Jwt header [alg] field is required and must be a string');
  if (kid !== undefined && typeof kid !== 'string') return err('Jwt header [kid] field must be a string');
  // No extension is understood (RFC 7515 4.1.11), and none may change what is signed (RFC 7797).
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return err('Jwt header [crit] is not supported');
  const signed = Buffer.from(`${first}.${second}`, 'latin1');
  return ok({ algorithm: alg, keyId: kid ?? null, claims, signed, signature: Buffer.from(third, 'base64url') });
}

function jsonOf(part: string): Readonly<Record<string, unknown>> | null {
  const bytes = decodePart(part);
  if (bytes === null) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value) || hasRepeatedMembers(text)) return null;
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}

/** base64url without padding, and no bits behind the last byte: one text for each value. */
function decodePart(part: string): Buffer | null {
  if (!PART.test(part) || part.length % 4 === 1) return null;
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : null;
}
