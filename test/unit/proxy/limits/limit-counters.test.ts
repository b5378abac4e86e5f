import t from 'tap';
import { Counters } from '../../../../src/proxy/counters.ts';
import { compileLimit } from '../../../../src/proxy/limits/compiled-limit.ts';
import { LimitCounters } from '../../../../src/proxy/limits/limit-counters.ts';
import { makeLimitMemory } from '../../../../src/proxy/limits/limit-memory.ts';

t.test('callers that are told apart are bounded: the rest are one', async (t) => {
  const series: { index: number; labels: Readonly<Record<string, string>> }[] = [];
  const counters = new Counters(Counters.sharedMemory(), (index, name, labels) => {
    if (name === 'towpath_rate_limit_requests_total') series.push({ index, labels });
  });
  const limits = new LimitCounters(counters);
  const rule = compileLimit({
    id: 'shop/p/local/0@shop/orders',
    service: 'shop/orders',
    scope: 'local',
    by: [],
    limit: { requests: 1, windowMs: 1 },
  });
  for (let i = 0; i < 5_000; i++) limits.count(rule, `caller-${i}`, 'refused');
  limits.count(rule, 'caller-3', 'allowed');
  t.equal(series.length, 102);
  const of = (caller: string, result: string): number => {
    const found = series.find(({ labels }) => labels['caller'] === caller && labels['result'] === result);
    return found === undefined ? 0 : (counters.values[found.index] ?? 0);
  };
  t.equal(of('other', 'refused'), 4_900);
  t.equal(of('caller-3', 'allowed'), 1);
  t.same(series[0]?.labels, {
    policy: 'shop/p/local/0',
    service: 'shop/orders',
    caller: 'caller-0',
    result: 'refused',
  });
});

t.test('each agent draws a seed of its own', async (t) => {
  const seeds = new Set([1, 2, 3, 4].map(() => makeLimitMemory().seed));
  t.ok(seeds.size > 1);
});
