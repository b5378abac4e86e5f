/** Traffic stays near while enough endpoints there are healthy, and spills over to those further away (Envoy's priority levels). */

/** Endpoints that are healthy count for this much, so that losing a few moves nothing: below 1 / 1.4 = 71.4 % some load moves. */
const OVERPROVISIONING = 1.4;
export const LEVELS = 4;

/** 0: the same sub-zone, 1: zone, 2: region, 3: elsewhere or unknown. Localities are `region/zone/subzone`, the end may be missing. */
export function levelOf(home: string, locality: string | undefined): number {
  if (home === '' || locality === undefined || locality === '') return LEVELS - 1;
  const ours = home.split('/');
  const theirs = locality.split('/');
  let same = 0;
  while (same < LEVELS - 1 && part(ours, same) === part(theirs, same) && (same > 0 || ours[0] !== '')) same++;
  return LEVELS - 1 - same;
}

function part(parts: readonly string[], at: number): string {
  return at < parts.length ? parts[at] : '';
}

/** The share of the load of each level, nearest first; all 0 when nobody is healthy. */
export function spreadLoad(healthy: readonly number[], total: readonly number[]): number[] {
  const health = healthy.map((n, i) => (total[i] === 0 ? 0 : Math.min(1, (OVERPROVISIONING * n) / total[i])));
  const sum = Math.min(
    1,
    health.reduce((a, b) => a + b, 0),
  );
  if (sum === 0) return health;
  let left = 1;
  const loads = health.map((share) => {
    const load = Math.min(left, share / sum);
    left -= load;
    return load;
  });
  return loads;
}
