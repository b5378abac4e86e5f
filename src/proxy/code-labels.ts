/** What is counted as `code`: registered statuses each, others by their class, so that no peer can make up series. */

/** The registry of RFC 9110 16.2.1, in ranges; a few codes inside them are not assigned. */
const REGISTERED = [
  [100, 104],
  [200, 208],
  [226, 226],
  [300, 308],
  [400, 418],
  [421, 431],
  [451, 451],
  [500, 511],
] as const;

const LABELS: string[] = [];
/** By code: the number of its label. */
const NUMBERS = Uint8Array.from({ length: 1000 }, (_, code) => numberOf(labelOf(code)));
/** Numbers are 0 to this. */
export const MAX_CODE_NUMBER = LABELS.length - 1;

/** @param code 0 to 999; 0 = no answer was sent */
export function codeNumber(code: number): number {
  return NUMBERS[code];
}

export function codeLabel(code: number): string {
  return LABELS[NUMBERS[code]];
}

function labelOf(code: number): string {
  const isRegistered = REGISTERED.some(([from, to]) => code >= from && code <= to);
  return code === 0 || isRegistered ? String(code) : `${Math.floor(code / 100)}xx`;
}

function numberOf(label: string): number {
  const known = LABELS.indexOf(label);
  return known >= 0 ? known : LABELS.push(label) - 1;
}
