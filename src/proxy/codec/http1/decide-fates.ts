/** What happens to each line of a head when it is forwarded. */
import { equalsLower } from './bytes.ts';
import type { HeaderEdit } from './header-edits.ts';
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_HOP,
  FIELD_HOST,
  FIELD_KEEP_ALIVE,
  FIELD_OTHER,
  FIELD_TE,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  type Http1Head,
} from './http1-head.ts';
import { isNominated } from './nominated.ts';

export const KEEP = 0;
export const CUT = 1;
export const REWRITE_HOST = 2;
/** EDIT + index of the edit: the value is replaced, or appended to. */
export const EDIT = 3;

/** Fate of each line of the head in hand, reused for every head. */
export let fates: Uint8Array = new Uint8Array(256);

/**
 * Fills `fates` with what the codec's own rules decide. `connectionField` and `upgradeField`: index of the line of that
 * name which already says what we mean and stays, or -1 to cut them all.
 */
export function decideFates(
  bytes: Uint8Array,
  head: Http1Head,
  connectionField: number,
  upgradeField: number,
  rewritesHost: boolean,
): void {
  if (fates.length < head.fieldCount) fates = new Uint8Array(head.nameAt.length);
  for (let i = 0; i < head.fieldCount; i++) {
    const fate = fateOf(bytes, head, i);
    if (fate === CUT && (i === connectionField || i === upgradeField)) fates[i] = KEEP;
    else fates[i] = rewritesHost && head.fieldKind[i] === FIELD_HOST ? REWRITE_HOST : fate;
  }
}

function fateOf(bytes: Uint8Array, head: Http1Head, i: number): number {
  switch (head.fieldKind[i]) {
    case FIELD_OTHER:
      return head.nominatedCount > 0 && isNominated(bytes, head, i) ? CUT : KEEP;
    case FIELD_CONNECTION:
    case FIELD_UPGRADE:
    case FIELD_HOP:
    case FIELD_KEEP_ALIVE:
    case FIELD_TE:
      return CUT;
    case FIELD_CONTENT_LENGTH:
    case FIELD_TRANSFER_ENCODING:
      return head.cutFraming ? CUT : KEEP;
    default:
      return KEEP;
  }
}

/**
 * Puts a route's edit into `fates`: a replaced name keeps the place of its first line and loses the others; an appended
 * value goes to the last line. Returns false if no line of that name is there.
 */
export function placeEdit(bytes: Uint8Array, head: Http1Head, edit: HeaderEdit, index: number): boolean {
  let chosen = -1;
  for (let i = 0; i < head.fieldCount; i++) {
    if (fates[i] === CUT) continue;
    if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, edit.lowerName)) continue;
    if (!edit.replaces || chosen < 0) chosen = i;
    if (edit.replaces) fates[i] = CUT;
  }
  if (chosen < 0) return false;
  if (edit.value !== null) fates[chosen] = EDIT + index;
  return true;
}
