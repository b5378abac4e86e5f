import { createHash } from 'node:crypto';

/**
 * sha256 of a view's content, 16 hexadecimal characters; the order of object members does not matter, the order of
 * lists does. Hash the body without its version: equal content must give an equal hash.
 */
export function hashView(body: object): string {
  return createHash('sha256').update(canonicalJson(body)).digest('hex').slice(0, 16);
}

/** JSON with the members of every object in sorted order, those that are undefined left out. */
function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}
