/** Looking up fields by name. */
import type { MessageHead } from './message-head.ts';

/** Index of the first field of that name (given in lower case), or -1. */
export function findField(bytes: Uint8Array, head: MessageHead, lowerName: string): number {
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.nameLength[i] === lowerName.length && spells(bytes, head.nameAt[i] as number, lowerName)) return i;
  }
  return -1;
}

function spells(bytes: Uint8Array, at: number, lowerName: string): boolean {
  for (let i = 0; i < lowerName.length; i++) {
    const byte = bytes[at + i] as number;
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== lowerName.charCodeAt(i)) return false;
  }
  return true;
}
