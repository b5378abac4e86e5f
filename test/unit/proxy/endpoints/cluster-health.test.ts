import t from 'tap';
import type { OutlierView } from '../../../../src/contract/cluster-views.ts';
import { ClusterHealth } from '../../../../src/proxy/endpoints/cluster-health.ts';
import type { ClusterSettings } from '../../../../src/proxy/endpoints/cluster-settings.ts';
import type { Endpoint } from '../../../../src/proxy/endpoints/endpoint.ts';
import type { Outcome } from '../../../../src/proxy/endpoints/outcome.ts';
import { endpoints } from './support/seeded.ts';

const OUTLIER: OutlierView = {
  consecutive5xx: 2,
  consecutiveGatewayErrors: 0,
  consecutiveLocalErrors: 0,
  splitLocalErrors: false,
  intervalMs: 1_000,
  baseEjectionMs: 3_000,
  maxEjectionMs: 7_000,
  maxEjectionPercent: 50,
  alwaysEjectOne: false,
};
const CHECK = {
  intervalMs: 1000,
  timeoutMs: 1000,
  unhealthyThreshold: 1,
  healthyThreshold: 1,
  check: { type: 'TCP' },
} as const;
const BAD: Outcome = { type: 'answer', status: 500, grpcStatus: -1, seconds: 0 };

interface Rig {
  readonly health: ClusterHealth;
  readonly events: string[];
  readonly all: Endpoint[];
  /** Makes it fail twice. */
  fail(endpoint: Endpoint, now: number): void;
  usable(now: number): boolean[];
}

function make(count: number, more: Partial<ClusterSettings> = { outlier: OUTLIER }): Rig {
  const events: string[] = [];
  const all = endpoints(count);
  const health = new ClusterHealth('shop/orders:80', (_cluster, endpoint, event) =>
    events.push(`${all.indexOf(endpoint)} ${Object.values(event).join(' ')}`),
  );
  health.join(settings(more), all, 0);
  return {
    health,
    events,
    all,
    fail: (endpoint, now) => {
      health.note(endpoint, BAD, now);
      health.note(endpoint, BAD, now);
    },
    usable: (now) => {
      if (now >= health.nextAt) health.advance(now);
      return all.map((endpoint) => health.isUsable(endpoint));
    },
  };
}

function settings(more: Partial<ClusterSettings>): ClusterSettings {
  return { service: 'shop/orders', protocol: 'http1', loadBalancer: 'RoundRobin', ...more };
}

t.test('an endpoint that fails is left alone for its time, and comes back', async (t) => {
  const { health, events, all, fail, usable } = make(2);
  t.equal(health.nextAt, Number.POSITIVE_INFINITY, 'nothing happens by itself');
  fail(all[0], 100);
  t.same(usable(100), [false, true]);
  t.equal(health.nextAt, 3100);
  t.same(usable(3099), [false, true]);
  t.same(usable(3100), [true, true]);
  t.same(events, ['0 ejected consecutive-5xx 3000', '0 returned time']);
});

t.test(
  'failing again soon it is ejected for longer, up to the limit; good intervals make it shorter again',
  async (t) => {
    const { health, events, all, fail } = make(2);
    let now = 0;
    for (const ms of [3000, 6000, 7000]) {
      fail(all[0], now);
      t.equal(events.at(-1), `0 ejected consecutive-5xx ${ms}`);
      now += ms;
      health.advance(now);
    }
    health.advance(now + 2_500);
    fail(all[0], now + 2_500);
    t.equal(events.at(-1), '0 ejected consecutive-5xx 6000', 'two intervals forgive two ejections');
  },
);

t.test('no more than the share that may be ejected', async (t) => {
  const { all, fail, usable } = make(3);
  fail(all[0], 0);
  fail(all[1], 0);
  t.same(usable(1), [false, true, true], '2 of 3 are more than 50 %');
});

t.test('intervals compare the endpoints', async (t) => {
  const outlier = { ...OUTLIER, consecutive5xx: 0, failurePercentage: { threshold: 50, minRequests: 4 } };
  const { health, all, usable } = make(2, { outlier });
  const good: Outcome = { type: 'answer', status: 200, grpcStatus: -1, seconds: 0 };
  for (const outcome of [BAD, BAD, good, good]) health.note(all[0], outcome, 10);
  for (let i = 0; i < 4; i++) health.note(all[1], good, 10);
  t.same(usable(999), [true, true]);
  health.note(all[1], good, 1000);
  t.same(usable(1000), [false, true]);
});

t.test('what is known outlives a view, for as long as a view lists the endpoint', async (t) => {
  const { health, all, fail } = make(3);
  fail(all[0], 0);
  health.join(settings({ outlier: OUTLIER }), all.slice(0, 2), 10);
  health.leave(all, 10);
  t.notOk(health.isUsable(all[0]));
  health.leave(all.slice(0, 2), 20);
  t.ok(health.isUnused);
  health.join(settings({ outlier: OUTLIER }), all, 30);
  t.ok(health.isUsable(all[0]), 'forgotten with its last view');
});

t.test('without detection in the newest view nobody stays ejected', async (t) => {
  const { health, all, fail } = make(2);
  fail(all[0], 0);
  health.join(settings({ activeCheck: CHECK }), all, 10);
  t.ok(health.isUsable(all[0]));
});

t.test('active checks: the first result counts at once, a pass brings an ejected endpoint back', async (t) => {
  const { health, events, all, fail } = make(2, { outlier: OUTLIER, activeCheck: CHECK });
  const [{ text }] = all;
  const version = health.version;
  t.ok(health.isUsable(all[0]), 'not checked yet');
  health.check(text, true, 1);
  health.check('10.9.9.9:1', false, 1);
  t.same(events, []);
  health.check(text, false, 2);
  t.notOk(health.isUsable(all[0]));
  health.check(text, true, 3);
  t.ok(health.isUsable(all[0]));
  t.ok(health.version > version);
  fail(all[0], 4);
  t.notOk(health.isUsable(all[0]));
  health.check(text, true, 5);
  t.ok(health.isUsable(all[0]));
  const calm = health.version;
  health.check(text, true, 6);
  t.equal(health.version, calm, 'the same again changes nothing');
  t.same(events, ['0 checked false', '0 checked true', '0 ejected consecutive-5xx 3000', '0 returned check']);
});

t.test('slow start: only those that come later, by their age; not when all are new', async (t) => {
  const { health, all } = make(3, { slowStartMs: 1000 });
  t.equal(health.warmthOf(all[0], 0), 1);
  const [late] = endpoints(1);
  health.join(settings({ slowStartMs: 1000 }), [...all, late], 5000);
  t.equal(health.warmthOf(all[0], 5000), 1);
  t.equal(health.warmthOf(late, 5000), 0.1);
  t.equal(health.warmthOf(late, 5500), 0.5);
  t.equal(health.nextAt, 5200, 'weights are looked at again');
  health.advance(6000);
  t.equal(health.warmthOf(late, 6000), 1);
  t.equal(health.nextAt, Number.POSITIVE_INFINITY);
});

t.test('an endpoint that recovers starts slowly too', async (t) => {
  const { health, all } = make(2, { slowStartMs: 1000, activeCheck: CHECK });
  health.check(all[0].text, false, 100);
  health.check(all[0].text, true, 9000);
  t.equal(health.warmthOf(all[0], 9500), 0.5);
});
