import type { LoadBalancer } from '../../../../../src/contract/views.ts';
import { Cluster } from '../../../../../src/proxy/endpoints/cluster.ts';
import type { ClusterSettings } from '../../../../../src/proxy/endpoints/cluster-settings.ts';
import { Endpoint } from '../../../../../src/proxy/endpoints/endpoint.ts';
import { NO_ENDPOINTS, NO_KEY, type PickContext } from '../../../../../src/proxy/endpoints/pick-context.ts';
import { makePool, type Pool } from '../../../../../src/proxy/endpoints/pool.ts';
import { address } from '../../../../helpers/proxy-rig.ts';

/** mulberry32: the same draws in every run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function never(): number {
  throw new Error('this needs no luck');
}

export function at(random: () => number, now = 0): PickContext {
  return { random, reactor: { now } };
}

export function endpoints(count: number): Endpoint[] {
  return Array.from({ length: count }, (_, i) => new Endpoint(address('10.0.0.1', i + 1), 0));
}

export function pool(weights: readonly number[]): Pool {
  return makePool(endpoints(weights.length), Float64Array.from(weights));
}

export function cluster(
  loadBalancer: LoadBalancer,
  weights: readonly number[],
  more: Partial<ClusterSettings> = {},
): Cluster {
  const members = endpoints(weights.length).map((endpoint, i) => ({ endpoint, weight: weights[i] }));
  return new Cluster('shop/orders:80', { service: 'shop/orders', protocol: 'auto', loadBalancer, ...more }, members);
}

/** The places of the endpoints picked in `count` picks. */
export function places(c: Cluster, count: number, random: () => number, now = 0): number[] {
  return Array.from({ length: count }, () => {
    const picked = c.pick(at(random, now), NO_KEY, NO_ENDPOINTS);
    return c.endpoints.findIndex((e) => e.endpoint === picked);
  });
}

/** How often each of `size` places is among `picked`, as shares. */
export function shares(picked: readonly number[], size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const place of picked) counts[place]++;
  return counts.map((count) => count / picked.length);
}
