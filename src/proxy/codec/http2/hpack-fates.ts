/**
 * Which fields of a head, whichever protocol it came in, go into a section: none that concerns one connection only (RFC 9113 8.2.2)
 * and none that Connection named, with the route's edits.
 */

import { isForbiddenInTrailers } from '../forbidden-trailers.ts';
import { equalsLower } from '../http1/bytes.ts';
import type { HeaderEdit } from '../http1/header-edits.ts';
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_HOP,
  FIELD_HOST,
  FIELD_KEEP_ALIVE,
  FIELD_TE,
  FIELD_TE_TRAILERS,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  Http1Head,
} from '../http1/http1-head.ts';
import { isNominated } from '../http1/nominated.ts';
import type { MessageHead } from '../message-head.ts';

export const KEEP = 0;
export const CUT = 1;
/** EDIT + index of the edit: the value is replaced, or appended to. */
export const EDIT = 2;

/** Fate of each field of the head in hand, reused for every head. */
export let fates: Uint8Array = new Uint8Array(256);

/** Fills `fates` with what the codec's own rules decide. Host goes into `:authority`. */
export function decideFates(bytes: Uint8Array, head: MessageHead): void {
  if (fates.length < head.fieldCount) fates = new Uint8Array(head.nameAt.length);
  const nominating = head instanceof Http1Head && head.nominatedCount > 0 ? head : null;
  const cutsLength = !head.isRequest && (head.status < 200 || head.status === 204) && head.contentLength > 0;
  for (let i = 0; i < head.fieldCount; i++) {
    switch (head.fieldKind[i]) {
      case FIELD_HOST:
        fates[i] = head.isRequest ? CUT : KEEP;
        break;
      case FIELD_CONNECTION:
      case FIELD_UPGRADE:
      case FIELD_HOP:
      case FIELD_KEEP_ALIVE:
      case FIELD_TE:
      case FIELD_TRANSFER_ENCODING:
        fates[i] = CUT;
        break;
      case FIELD_TE_TRAILERS:
        fates[i] = head.isRequest ? KEEP : CUT;
        break;
      case FIELD_CONTENT_LENGTH:
        fates[i] = cutsLength ? CUT : KEEP;
        break;
      default:
        fates[i] = nominating !== null && isNominated(bytes, nominating, i) ? CUT : KEEP;
    }
  }
}

/**
 * Puts a route's edit into `fates`: a replaced name keeps the place of its first field and loses the others; an appended value
 * goes to the last one. Returns false if no field of that name is there.
 */
export function placeEdit(bytes: Uint8Array, head: MessageHead, edit: HeaderEdit, index: number): boolean {
  let chosen = -1;
  for (let i = 0; i < head.fieldCount; i++) {
    if (fates[i] === CUT || !equalsLower(bytes, head.nameAt[i], head.nameLength[i], edit.lowerName)) continue;
    if (!edit.replaces || chosen < 0) chosen = i;
    if (edit.replaces) fates[i] = CUT;
  }
  if (chosen < 0) return false;
  if (edit.value !== null) fates[chosen] = EDIT + index;
  return true;
}

/** Fills `fates` for trailers; returns how many are kept. */
export function decideTrailerFates(bytes: Uint8Array, head: MessageHead): number {
  if (fates.length < head.fieldCount) fates = new Uint8Array(head.nameAt.length);
  let kept = 0;
  for (let i = 0; i < head.fieldCount; i++) {
    const isCut = isForbiddenInTrailers(bytes, head.nameAt[i], head.nameLength[i]);
    fates[i] = isCut ? CUT : KEEP;
    if (!isCut) kept++;
  }
  return kept;
}
