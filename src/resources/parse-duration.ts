/** GEP-2257: one to four groups of a number of at most five digits and a unit, no decimals, no sign. */
const DURATION = /^(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}$/;
const GROUP = /([0-9]{1,5})(h|ms|m|s)/g;
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of a Gateway API duration such as `1m30s`; null when the text is not one. */
export function parseDuration(text: string): number | null {
  if (!DURATION.test(text)) return null;
  let total = 0;
  for (const [, digits, unit] of text.matchAll(GROUP)) total += Number(digits) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}
