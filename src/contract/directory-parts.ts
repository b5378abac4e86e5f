/**
 * How the directory is cut, so that a change of one service costs a small write and a small message, whatever the number of
 * services. Writer and readers agree by the number of parts alone. Pure.
 */
import type { ServiceKey } from './views.ts';

/** Far above what one message may hold: 64 parts of at most 1 MB. */
export const MAX_DIRECTORY_PARTS = 64;

/** `dir.<n>`: the KV key of a part. */
export function directoryKey(part: number): string {
  return `dir.${part}`;
}

/** The part of a key, or null when it is not `dir.<n>`. */
export function partOfDirectoryKey(key: string): number | null {
  const match = /^dir\.(0|[1-9]\d?)$/.exec(key);
  return match === null ? null : Number(match[1]);
}

/** The part that holds a service, of `parts`. FNV-1a: the same everywhere and for ever. */
export function directoryPartOf(key: ServiceKey, parts: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return hash % parts;
}
