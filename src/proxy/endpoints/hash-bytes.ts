/** The hash of consistent hashing: FNV-1a, then mixed (MurmurHash3's finalizer). Every agent must get the same results. */

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** 0 to 2^31 - 1. */
export function hashBytes(bytes: Uint8Array, at: number, length: number, seed = 0): number {
  let h = OFFSET_BASIS ^ seed;
  for (let i = 0; i < length; i++) h = Math.imul(h ^ bytes[at + i], PRIME);
  return mix(h);
}

/** The same of a text's bytes in latin1. */
export function hashText(text: string, seed = 0): number {
  let h = OFFSET_BASIS ^ seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ (text.charCodeAt(i) & 0xff), PRIME);
  return mix(h);
}

/** Another number of the same range for each number. */
export function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) & 0x7fffffff;
}
