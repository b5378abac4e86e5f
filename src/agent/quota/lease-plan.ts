/** How many tokens an agent asks for, and when. Pure; times in ms, rates in requests a second. */

/** Tokens for this long are asked for at once: few enough that others get theirs, enough that control is asked seldom. */
const LOOKAHEAD_S = 0.25;
/** More are asked for when those left last for less than this: longer than control takes to answer. */
const REFILL_S = 0.06;
/** A caller that was just seen for the first time. */
const FIRST_WANT = 8;
const MAX_WANT = 1_000_000;
/** Tokens that nobody has used for this long go back. */
const IDLE_SHARE = 0.05;
const MIN_IDLE_MS = 300;
const MAX_IDLE_MS = 5_000;
/** Requests that came in less time count as spread over this: one alone says nothing of a rate. */
const MIN_SPAN_MS = 50;
/** Weight of the newest rate. */
const NEWEST = 0.5;

/** The rate that is planned with: follows a rise at once and a fall slowly. @param sinceMs time in which `requests` came */
export function nextRate(rate: number, requests: number, sinceMs: number): number {
  const newest = (requests * 1000) / Math.max(MIN_SPAN_MS, sinceMs);
  return newest > rate ? newest : rate + (newest - rate) * NEWEST;
}

export function wantFor(rate: number, isKnown: boolean): number {
  const want = Math.ceil(rate * LOOKAHEAD_S);
  return Math.min(MAX_WANT, Math.max(isKnown ? 1 : FIRST_WANT, want));
}

/** With so many left, more are asked for. @param granted at the last time */
export function lowMark(rate: number, granted: number): number {
  return Math.min(Math.floor(granted / 2), Math.ceil(rate * REFILL_S));
}

export function idleMs(windowMs: number): number {
  return Math.min(MAX_IDLE_MS, Math.max(MIN_IDLE_MS, windowMs * IDLE_SHARE));
}

/** ms until a window that has nothing left is asked about again, since others may give tokens back. */
export function pollMs(windowMs: number): number {
  return Math.min(1_000, Math.max(50, windowMs / 50));
}

/** What this host may let through in a window while nobody can be asked. */
export function shareOf(requests: number, hosts: number): number {
  return Math.floor(requests / Math.max(1, hosts));
}
