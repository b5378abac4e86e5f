import { createHash } from 'node:crypto';

/**
 * sha256 of a view's content, 16 hexadecimal characters; the order of object members does not matter, the order of
 * lists does. Hash the body without its version: equal content must give an equal hash.
 */
export function hashView(body: object): string {
  return createHash('sha256').update(canonicalJson(body)).digest('hex').slice(0, 16);
}

/** JSON with the members of every object in sorted order. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
