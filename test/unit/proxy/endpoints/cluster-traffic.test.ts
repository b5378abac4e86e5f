import t from 'tap';
import { ClusterTraffic } from '../../../../src/proxy/endpoints/cluster-traffic.ts';

t.test('as many requests as its threshold allows, and those that are over make room', (t) => {
  const traffic = new ClusterTraffic('shop/orders:80');
  traffic.configure({ circuitBreaker: { maxParallelRequests: 2 } });
  t.same([traffic.admit(1), traffic.admit(1), traffic.admit(1)], [true, true, false]);
  traffic.requests--;
  t.ok(traffic.admit(2));
  traffic.configure({ circuitBreaker: { maxParallelRequests: 3 } });
  t.ok(traffic.admit(2), 'a new view is in force at once, and what is under way counts on');
  t.notOk(traffic.admit(2));
  t.end();
});

t.test('without a policy: 1024 requests, no timeouts, the usual budget', (t) => {
  const traffic = new ClusterTraffic('shop/orders:80');
  traffic.configure({});
  t.equal(traffic.thresholds.requests, 1024);
  t.equal(traffic.requestTimeoutMs, 0);
  t.equal(traffic.budget.view.percent, 20);
  t.notOk(traffic.needsExchange);
  t.ok(ClusterTraffic.unlimited().admit(1));
  t.end();
});

t.test('what has been counted for the budget outlives a view that does not change it', (t) => {
  const traffic = new ClusterTraffic('shop/orders:80');
  const { budget } = traffic;
  traffic.configure({ retryBudget: { percent: 20, intervalMs: 10_000, minCount: 10, minIntervalMs: 1_000 } });
  t.equal(traffic.budget, budget);
  traffic.configure({ retryBudget: { percent: 50, intervalMs: 10_000, minCount: 10, minIntervalMs: 1_000 } });
  t.not(traffic.budget, budget);
  t.equal(traffic.budget.view.percent, 50);
  t.end();
});

t.test('what needs the general exchange', (t) => {
  const needs = (view: Parameters<ClusterTraffic['configure']>[0]): boolean => {
    const traffic = new ClusterTraffic('k');
    traffic.configure(view);
    return traffic.needsExchange;
  };
  t.notOk(needs({ timeouts: { requestMs: 5, connectMs: 1, streamIdleMs: 0, maxStreamMs: 0 } }));
  t.ok(needs({ timeouts: { streamIdleMs: 5 } }));
  t.ok(needs({ timeouts: { maxStreamMs: 5 } }));
  t.ok(needs({ hedgeOnPerTryTimeout: true }));
  t.ok(needs({ fault: { abort: { httpStatus: 500, percentage: 1 } } }));
  t.end();
});
