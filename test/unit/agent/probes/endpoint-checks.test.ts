import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type CheckParts, EndpointChecks } from '../../../../src/agent/probes/endpoint-checks.ts';
import type { ActiveCheckView, ClusterView, OutlierView } from '../../../../src/contract/cluster-views.ts';
import type { ServiceView } from '../../../../src/contract/views.ts';
import { recordingLogger } from '../../../helpers/recording-logger.ts';

const CHECK: ActiveCheckView = {
  intervalMs: 10,
  timeoutMs: 100,
  unhealthyThreshold: 2,
  healthyThreshold: 3,
  check: { type: 'TCP' },
};
const OUTLIER = {} as OutlierView;
const KEY = 'shop/orders:80';

interface Rig {
  readonly checks: EndpointChecks;
  /** `<ip:port> <passes>` as data threads hear them. */
  readonly told: string[];
  /** Checks made, by address. */
  readonly made: Map<string, number>;
  /** Of the next checks. */
  passes: boolean;
  /** Checks do not end until it is false. */
  isHeld: boolean;
  underWay: number;
}

function make(t: Test): Rig {
  const parts: CheckParts = {
    check: async (_view, { ip, port }) => {
      const address = `${ip}:${port}`;
      rig.made.set(address, (rig.made.get(address) ?? 0) + 1);
      rig.underWay++;
      do await pause(1);
      while (rig.isHeld);
      rig.underWay--;
      return { passed: rig.passes, detail: 'seen' };
    },
    tell: async (message) => {
      if (message.type === 'endpoint-health') rig.told.push(`${message.address} ${message.passes}`);
    },
    random: () => 0.5,
    logger: recordingLogger().logger,
  };
  const rig: Rig = {
    checks: new EndpointChecks(parts),
    told: [],
    made: new Map(),
    passes: true,
    isHeld: false,
    underWay: 0,
  };
  t.teardown(() => rig.checks.stop());
  return rig;
}

function view(name: string, ports: readonly number[], more: Partial<ClusterView>): ServiceView {
  const endpoints = ports.map((port) => ({ ip: '10.0.0.1', port, weight: 1, workload: 'shop/w' }));
  const cluster: ClusterView = {
    service: 'shop/orders',
    port: 80,
    protocol: 'http1',
    loadBalancer: 'Random',
    endpoints,
    ...more,
  };
  const version = { epoch: 1, gen: 1, hash: '' };
  return { version, namespace: 'shop', name, virtualIps: [], ports: [], clusters: { [KEY]: cluster } };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !condition(); await pause(2)) {
    if (Date.now() > end) throw new Error('waited in vain');
  }
}

t.test('the first result counts at once, then the thresholds; only changes are told', async (t) => {
  const rig = make(t);
  rig.checks.hear({ type: 'service', service: view('orders', [1], { activeCheck: CHECK }) });
  await until(() => rig.told.length === 1);
  const before = rig.made.get('10.0.0.1:1') ?? 0;
  await until(() => (rig.made.get('10.0.0.1:1') ?? 0) >= before + 3);
  t.same(rig.told, ['10.0.0.1:1 true']);
  rig.passes = false;
  await until(() => rig.told.length === 2);
  rig.passes = true;
  await until(() => rig.told.length === 3);
  t.same(rig.told, ['10.0.0.1:1 true', '10.0.0.1:1 false', '10.0.0.1:1 true']);
});

t.test('each pass is told where detection may have ejected the endpoint', async (t) => {
  const rig = make(t);
  rig.checks.hear({ type: 'service', service: view('orders', [1], { activeCheck: CHECK, outlier: OUTLIER }) });
  await until(() => rig.told.length >= 3);
  t.same(new Set(rig.told), new Set(['10.0.0.1:1 true']));
});

t.test('endpoints come and go with their views, and a cluster in two views is checked once', async (t) => {
  const rig = make(t);
  const service = view('orders', [1, 2], { activeCheck: { ...CHECK, intervalMs: 60_000 } });
  rig.checks.hear({ type: 'service', service });
  rig.checks.hear({ type: 'service', service: { ...service, name: 'front' } });
  await until(() => rig.told.length === 2);
  rig.checks.hear({ type: 'service', service: { ...service, version: { epoch: 1, gen: 2, hash: '' } } });
  await pause(30);
  t.same([...rig.made.values()], [1, 1], 'the same view again changes nothing');
  rig.checks.hear({ type: 'service-removed', key: 'shop/orders' });
  await pause(5);
  t.equal(rig.told.length, 2, 'the other view still lists them');
  rig.checks.hear({
    type: 'service',
    service: { ...view('front', [2], { activeCheck: service.clusters[KEY].activeCheck }) },
  });
  await until(() => rig.told.includes('10.0.0.1:1 null'));
  rig.checks.hear({ type: 'service', service: view('front', [2], {}) });
  await until(() => rig.told.includes('10.0.0.1:2 null'));
});

t.test('another check begins anew, a view without checks has none', async (t) => {
  const rig = make(t);
  rig.checks.hear({ type: 'service', service: view('orders', [1], {}) });
  const slow = { ...CHECK, intervalMs: 60_000 };
  rig.checks.hear({ type: 'service', service: view('orders', [2], { activeCheck: slow }) });
  await until(() => rig.told.length === 1);
  rig.passes = false;
  rig.checks.hear({ type: 'service', service: view('orders', [2], { activeCheck: { ...slow, timeoutMs: 7 } }) });
  await until(() => rig.told.length === 2);
  t.same(rig.told, ['10.0.0.1:2 true', '10.0.0.1:2 false']);
  t.same([...rig.made], [['10.0.0.1:2', 2]]);
});

t.test('few checks are under way at once, and all get their turn', async (t) => {
  const rig = make(t);
  rig.isHeld = true;
  const ports = Array.from({ length: 100 }, (_, i) => i + 1);
  rig.checks.hear({
    type: 'service',
    service: view('orders', ports, { activeCheck: { ...CHECK, intervalMs: 60_000 } }),
  });
  await until(() => rig.underWay === 32);
  await pause(20);
  t.equal(rig.underWay, 32);
  rig.isHeld = false;
  await until(() => rig.told.length === 100);
});

t.test('stopped, nothing more is checked or told', async (t) => {
  const rig = make(t);
  rig.checks.hear({ type: 'service', service: view('orders', [1], { activeCheck: CHECK }) });
  await until(() => rig.told.length === 1);
  rig.checks.stop();
  await until(() => rig.underWay === 0);
  const made = rig.made.get('10.0.0.1:1');
  await pause(40);
  t.equal(rig.made.get('10.0.0.1:1'), made);
  t.same(rig.told, ['10.0.0.1:1 true']);
});

t.test('an interval that no timer can take is a long one, not none', async (t) => {
  const rig = make(t);
  const activeCheck = { ...CHECK, intervalMs: 2 ** 33 };
  rig.checks.hear({ type: 'service', service: view('orders', [1], { activeCheck }) });
  await until(() => rig.told.length === 1);
  await pause(60);
  t.equal(rig.made.get('10.0.0.1:1'), 1);
});
