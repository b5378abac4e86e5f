import t from 'tap';
import type { LoadBalancer } from '../../../../src/contract/views.ts';
import { Cluster } from '../../../../src/proxy/endpoints/cluster.ts';
import { ClusterHealth } from '../../../../src/proxy/endpoints/cluster-health.ts';
import type { ClusterSettings } from '../../../../src/proxy/endpoints/cluster-settings.ts';
import { NO_KEY } from '../../../../src/proxy/endpoints/pick-context.ts';
import { address } from '../../../helpers/proxy-rig.ts';
import { at, cluster, endpoints, never, places, seeded, shares } from './support/seeded.ts';

const ALL: readonly LoadBalancer[] = ['RoundRobin', 'LeastRequest', 'Random', 'PeakEWMA', 'ConsistentHash'];
const bySource = { hash: { type: 'SourceIP' } } as const;

t.test('endpoints that failed are avoided while another is left', async (t) => {
  for (const balancer of ALL) {
    const c = cluster(balancer, [1, 1, 1], bySource);
    const [a, b, last] = c.endpoints.map((e) => e.endpoint);
    for (let i = 0; i < 20; i++) {
      t.equal(c.pick(at(seeded(i)), NO_KEY, [a, b]), last);
      t.equal(c.pick(at(seeded(i)), i * 1000, [a, b]), last);
    }
    t.ok(c.pick(at(seeded(1)), NO_KEY, [a, b, last]), 'with none left, any of them');
  }
});

t.test('one endpoint is always picked, none gives null', async (t) => {
  for (const balancer of ALL) {
    t.same(places(cluster(balancer, [9], bySource), 3, never), [0, 0, 0]);
    t.equal(cluster(balancer, [], bySource).pick(at(never), NO_KEY, []), null);
  }
});

t.test('a new view goes on where the old one was', async (t) => {
  const first = cluster('RoundRobin', [1, 1, 1]);
  t.same(places(first, 2, never), [0, 1]);
  const second = new Cluster(first.key, first.settings, first.endpoints, { health: null, home: '', previous: first });
  t.same(places(second, 3, never), [2, 0, 1]);
});

t.test('a key leads to one endpoint, whatever the luck; without one any will do', async (t) => {
  const c = cluster('ConsistentHash', [1, 1, 1, 1], bySource);
  const client = address('192.0.2.7', 999);
  const key = c.keyOfConnection(client);
  t.equal(key, c.keyOfConnection(address('192.0.2.7', 1)), 'the port does not count');
  const picked = new Set(Array.from({ length: 50 }, (_, i) => c.pick(at(seeded(i)), key, [])));
  t.equal(picked.size, 1);
  t.equal(new Set(places(c, 200, seeded(3))).size, 4);
  t.equal(c.keyOfConnection(null), NO_KEY);
  t.equal(cluster('LeastRequest', [1, 1], bySource).keyOfConnection(client), NO_KEY, 'another balancer takes no keys');
});

t.test('keys of clients spread over the endpoints, in proportion to weights', async (t) => {
  const c = cluster('ConsistentHash', [3, 1], bySource);
  let heavy = 0;
  for (let i = 0; i < 4000; i++) {
    const key = c.keyOfConnection(address(`10.${i >> 8}.${i & 255}.1`, 5));
    if (c.pick(at(never), key, []) === c.endpoints[0].endpoint) heavy++;
  }
  t.ok(Math.abs(heavy / 4000 - 0.75) < 0.03, String(heavy));
});

const NEAR = ['eu/a/1', 'eu/a/1', 'eu/b/1', 'us/a/1'];
const CHECKED = {
  preferLocal: true,
  activeCheck: {
    intervalMs: 1000,
    timeoutMs: 1000,
    unhealthyThreshold: 1,
    healthyThreshold: 1,
    check: { type: 'TCP' },
  },
} as const;

interface Watched {
  readonly cluster: Cluster;
  readonly health: ClusterHealth;
  fail(...places: number[]): void;
}

function watched(more: Partial<ClusterSettings>, localities: readonly string[] = NEAR): Watched {
  const health = new ClusterHealth('k', () => {});
  const settings: ClusterSettings = { service: 's', protocol: 'auto', loadBalancer: 'Random', ...CHECKED, ...more };
  const members = endpoints(localities.length).map((endpoint, i) => ({ endpoint, weight: 1, locality: localities[i] }));
  health.join(
    settings,
    members.map(({ endpoint }) => endpoint),
    0,
  );
  const made = new Cluster('k', settings, members, { health, home: 'eu/a/1', previous: null });
  return {
    cluster: made,
    health,
    fail: (...places) => {
      for (const place of places) health.check(members[place].endpoint.text, false, 0);
    },
  };
}

t.test('the nearest are used while enough of them are healthy, then those further away', async (t) => {
  const { cluster: c, fail } = watched({});
  t.same([...new Set(places(c, 300, seeded(1)))].sort(), [0, 1]);
  fail(0);
  const got = shares(places(c, 20_000, seeded(2)), 4);
  for (const [i, share] of [0, 0.7, 0.3, 0].entries()) t.ok(Math.abs(got[i] - share) < 0.02, String(got));
  fail(1);
  t.same([...new Set(places(c, 300, seeded(3)))], [2]);
  fail(2);
  t.same([...new Set(places(c, 300, seeded(4)))], [3]);
  fail(3);
  t.same(places(c, 2, seeded(5)), [-1, -1], 'nobody: 503 UH');
});

t.test('a request that failed at all near ones goes further away', async (t) => {
  const { cluster: c } = watched({});
  const all = c.endpoints.map(({ endpoint }) => endpoint);
  t.equal(c.pick(at(seeded(1)), NO_KEY, [all[0], all[1]]), all[2]);
  t.equal(c.pick(at(seeded(1)), NO_KEY, [all[0], all[1], all[2]]), all[3]);
  t.ok(c.pick(at(seeded(1)), NO_KEY, all));
});

t.test('nearness counts where the view says so and the host knows where it is', async (t) => {
  const { cluster: c } = watched({ preferLocal: false });
  t.equal(new Set(places(c, 300, seeded(1))).size, 4);
  const lost = new Cluster('k', c.settings, c.endpoints, { health: null, home: '', previous: null });
  t.equal(new Set(places(lost, 300, seeded(1))).size, 4);
});

t.test('a key spills over with its level, always the same ones', async (t) => {
  const { cluster: c, fail } = watched({ loadBalancer: 'ConsistentHash', hash: { type: 'SourceIP' } });
  fail(0);
  const keys = Array.from({ length: 2000 }, (_, i) => c.keyOfConnection(address(`10.0.${i >> 8}.${i & 255}`, 1)));
  const first = keys.map((key) => c.pick(at(never), key, []));
  t.same(
    keys.map((key) => c.pick(at(never), key, [])),
    first,
  );
  const away = first.filter((endpoint) => endpoint === c.endpoints[2].endpoint).length / keys.length;
  t.ok(Math.abs(away - 0.3) < 0.04, String(away));
});

t.test('panic: with too few healthy all are used', async (t) => {
  const { cluster: c, fail } = watched({ panicThreshold: 50, preferLocal: false });
  fail(0, 1);
  t.same([...new Set(places(c, 300, seeded(1)))].sort(), [2, 3], '50 % are enough');
  fail(2);
  t.equal(new Set(places(c, 300, seeded(1))).size, 4);
});

t.test('a new endpoint gets little at first', async (t) => {
  const { cluster: c, health } = watched({ slowStartMs: 10_000, preferLocal: false }, ['', '']);
  const all = [...c.endpoints, { endpoint: endpoints(3)[2], weight: 1 }];
  health.join(
    c.settings,
    all.map(({ endpoint }) => endpoint),
    1000,
  );
  const bigger = new Cluster('k', c.settings, all, { health, home: '', previous: c });
  for (const [now, part] of [
    [1000, 0.1],
    [6000, 0.5],
    [11_000, 1],
  ]) {
    const [, , late] = shares(places(bigger, 20_000, seeded(9), now), 3);
    t.ok(Math.abs(late - part / (2 + part)) < 0.02, `${late} at ${now}`);
  }
});
