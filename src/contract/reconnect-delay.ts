/** First and longest pause between two dials, in ms; the longest is below the lease's ttl, so that an outage of NATS evicts nobody. */
export const FIRST_DELAY_MS = 250;
export const LONGEST_DELAY_MS = 4_000;

/**
 * How long to wait before the next dial, `elapsedMs` after the connection was lost: full jitter over a range that grows as
 * the outage does, so that a herd of agents spreads out. By time and not by attempts, since the client asks more than
 * once per dial. `random` is in [0, 1).
 */
export function reconnectDelayMs(elapsedMs: number, random: number): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS + Math.max(0, elapsedMs));
  return Math.floor(random * ceiling);
}
