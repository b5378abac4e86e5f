import t from 'tap';
import type { RouteActionView } from '../../../../src/contract/views.ts';
import { pickBackend } from '../../../../src/proxy/policy/pick-backend.ts';

function action(...weights: number[]): RouteActionView {
  const backends = weights.map((weight, i) => ({ cluster: `shop/v${i}:80`, weight, requestHeaders: null }));
  return { route: 'shop/orders', rule: '0', backends, requestHeaders: null, requestTimeoutMs: null };
}

/** How often each backend is picked over an even grid of random numbers. */
function shares(weights: number[], steps: number): number[] {
  const counts = weights.map(() => 0);
  const of = action(...weights);
  for (let i = 0; i < steps; i++) {
    const picked = pickBackend(of, i / steps);
    const index = picked === null ? -1 : of.backends.indexOf(picked);
    if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

t.test('shares are exact, and weight 0 gets nothing wherever it stands', (t) => {
  t.same(shares([90, 10], 1000), [900, 100]);
  t.same(shares([0, 1, 0, 1, 0], 1000), [0, 500, 0, 500, 0]);
  t.same(shares([1], 10), [10]);
  t.same(shares([1, 1_000_000], 1_000_001), [1, 1_000_000]);
  t.end();
});

t.test('no weight means no backend', (t) => {
  t.equal(pickBackend(action(), 0.5), null);
  t.equal(pickBackend(action(0, 0), 0), null);
  t.end();
});

t.test('the largest random number below 1 picks the last backend with a weight', (t) => {
  for (const total of [1, 2, 3, 524_289, 1_000_000]) {
    t.equal(pickBackend(action(total - 1, 1, 0), 1 - Number.EPSILON / 2)?.cluster, 'shop/v1:80', `of ${total}`);
  }
  t.end();
});
