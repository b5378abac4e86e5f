/** When a certificate is renewed, and how long to wait after a failure. Pure: time and randomness are arguments. */

/** A fleet that started at once must not renew at once: half-life, this share of the life earlier or later. */
const JITTER_SHARE = 0.05;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** Near its end a certificate is asked for at least this often within what is left of its life. */
const TRIES_IN_REST = 10;
const SHORTEST_RETRY_MS = 250;

export interface Validity {
  /** Wall-clock ms. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Wall-clock ms. @param random 0 to 1 */
export function renewAtMs({ notBeforeMs, notAfterMs }: Validity, random: number): number {
  const life = notAfterMs - notBeforeMs;
  return notBeforeMs + life * (0.5 + JITTER_SHARE * (2 * random - 1));
}

/**
 * ms until the next try: doubles from 1 s to a minute, a random part of it taken off, and never so long that the certificate in
 * force could end before ten more tries. @param tries failures in a row, 1 or more. @param restMs life left of it; null: there is none
 */
export function retryDelayMs(tries: number, restMs: number | null, random: number): number {
  const backOff = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries - 1, 10));
  const longest = restMs === null || restMs <= 0 ? backOff : Math.min(backOff, restMs / TRIES_IN_REST);
  return Math.max(SHORTEST_RETRY_MS, longest * (1 - random / 2));
}
