/** Cookies that answers give to clients on our own account. */
import { isTokenByte } from '../../protocol-sniff/token.ts';
import type { OwnField } from '../codec/own-lines.ts';
import type { PickContext } from './pick-context.ts';

const VALUE_DIGITS = 16;

/** @param random uniform in [0, 1) */
export function makeHashValue({ random }: PickContext): string {
  let value = '';
  while (value.length < VALUE_DIGITS) value += Math.floor(random() * 16).toString(16);
  return value;
}

/** `Set-Cookie` (RFC 6265 4.1). @param ttlMs 0: for the browser's session */
export function makeSetCookie(name: string, value: string, path: string, ttlMs: number): OwnField {
  const age = ttlMs > 0 ? `; Max-Age=${Math.ceil(ttlMs / 1000)}` : '';
  const where = isCookiePath(path) ? path : '/';
  return {
    name: 'set-cookie',
    value: `${name}=${value}; Path=${where}${age}; HttpOnly; SameSite=Lax`,
    replaces: false,
  };
}

/** Admission has seen to both; nothing that breaks a line gets through here either. */
export function isFieldName(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (!isTokenByte(name.charCodeAt(i))) return false;
  return name !== '';
}

function isCookiePath(path: string): boolean {
  return /^\/[\x21-\x3a\x3c-\x7e]*$/.test(path);
}
