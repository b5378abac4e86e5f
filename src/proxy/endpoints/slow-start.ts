/** Slow start (Envoy, aggression 1): a new endpoint comes up to its whole weight along a straight line, from a tenth. */

const LEAST = 0.1;

/** The part of its weight that an endpoint of that age has; 1 without a window. Both in ms. */
export function warmth(ageMs: number, windowMs: number): number {
  return ageMs >= windowMs ? 1 : Math.max(LEAST, ageMs / windowMs);
}
