/** What an answer tells its client, so that the client's next requests come to the same endpoint. */
import type { NameValue } from '../../contract/views.ts';
import type { PickContext } from './pick-context.ts';

/** A cookie that consistent hashing goes by, made for a client that had none. */
export interface Affinity {
  readonly field: NameValue;
}

const VALUE_DIGITS = 16;

/** @param random uniform in [0, 1) */
export function makeHashValue({ random }: PickContext): string {
  let value = '';
  while (value.length < VALUE_DIGITS) value += Math.floor(random() * 16).toString(16);
  return value;
}

/** `Set-Cookie` (RFC 6265 4.1). @param ttlMs 0: for the browser's session */
export function setCookie(name: string, value: string, path: string, ttlMs: number): NameValue {
  const age = ttlMs > 0 ? `; Max-Age=${Math.ceil(ttlMs / 1000)}` : '';
  return { name: 'set-cookie', value: `${name}=${value}; Path=${path}${age}; HttpOnly; SameSite=Lax` };
}

/** The fields that the answer of that endpoint gets, most often none. */
export function fieldsOf(affinity: Affinity | null): readonly NameValue[] {
  return affinity === null ? NOTHING : [affinity.field];
}
const NOTHING: readonly NameValue[] = [];
