/**
 * A quota for each caller of a service, in a lab: four hosts of the service with two data threads each, and three callers. One is known by its
 * certificate, one by the workload that is registered at its address, and one by the address alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { quotaListReplySchema } from '../../src/contract/quota-messages.ts';
import type { HostProcess } from './support/host-process.ts';
import { type TestLab, type TopologyInput, withLab } from './support/lab.ts';

const CALLERS = ['web', 'cart', 'batch'] as const;
type Caller = (typeof CALLERS)[number];
const PROVIDERS = ['p1', 'p2', 'p3', 'p4'];
const LIMIT = 1_000;
const WINDOW_MS = 10_000;
/** Three times the limit. */
const OFFERED = (3 * LIMIT * 1000) / WINDOW_MS;
/** What a client sees as the length of a window may be shorter by this: requests wait on their way. */
const SLACK_MS = 1_500;
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];
const program = (name: string): string => new URL(`support/programs/${name}`, import.meta.url).pathname;

const web = {
  agent: {
    config: {
      mutualTls: true,
      workloads: [{ name: 'web', namespace: 'shop', serviceAccount: 'web', ports: { http: 80 } }],
    },
  },
};

const provider = {
  agent: {
    config: {
      mutualTls: true,
      dataThreads: 2,
      workloads: [
        { name: 'orders', namespace: 'shop', serviceAccount: 'orders', labels: { app: 'orders' }, ports: { http: 80 } },
      ],
    },
  },
  programs: [
    {
      name: 'nginx',
      command: ['nginx', '-p', './', '-c', 'nginx.conf', '-e', 'error.log'],
      ready: { port: 80 },
      files: {
        'nginx.conf': `daemon off; pid nginx.pid; worker_processes 1; events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  server { listen 80; location / { return 200 "order\\n"; } } }`,
      },
    },
  ],
};

const TOPOLOGY: TopologyInput = {
  network: { ipv4: '10.77.0.0/24' },
  control: 'control',
  hosts: {
    control: {},
    web,
    cart: {},
    batch: {},
    ...Object.fromEntries(PROVIDERS.map((name) => [name, provider])),
  },
};

const resources = (lab: TestLab): string => `
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: cart, namespace: shop }
spec: { address: ${lab.address('cart', 'ipv4')}, labels: { app: cart } }
---
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { selector: { app: orders }, ports: [{ name: http, port: 80 }] }
`;

const policy = (rules: string): string => `
apiVersion: towpath.dev/v1
kind: BackendTrafficPolicy
metadata: { name: orders-quota, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: orders }]
  rateLimit: { global: { rules: [${rules}] } }
`;
const quota = (requests: number): string =>
  policy(`{ clientSelectors: [{ caller: { type: Distinct } }], limit: { requests: ${requests}, window: 10s } }`);

const OUTAGE_WINDOW_MS = 2_000;
const OUTAGE_LIMIT = 80;
/** What each caller's requests are for, and what becomes of them in an outage. */
const OUTAGES = { web: 'share', cart: 'deny', batch: 'allow' } as const;
const outagePolicy = policy(
  Object.values(OUTAGES)
    .map(
      (onOutage) =>
        `{ clientSelectors: [{ path: { value: /${onOutage} }, caller: { type: Distinct } }],
           limit: { requests: ${OUTAGE_LIMIT}, window: ${OUTAGE_WINDOW_MS / 1000}s }, onOutage: ${onOutage} }`,
    )
    .join(', '),
);

interface Report {
  readonly passed: readonly number[];
  readonly refused: readonly number[];
  readonly answers: Readonly<Record<string, number>>;
  readonly refusal: Readonly<Record<string, string>>;
}

/** All callers at once. */
class Load {
  readonly #processes: ReadonlyMap<Caller, HostProcess>;

  constructor(lab: TestLab, perSecond: number) {
    this.#processes = new Map(
      CALLERS.map((name) => {
        // Without an agent nobody spreads the requests over the hosts.
        const hosts = name === 'web' ? ['orders.shop'] : PROVIDERS;
        const urls = hosts.map((host) => `http://${host}/${OUTAGES[name]}`);
        return [name, lab.spawn(name, [...NODE, program('steady-load.ts'), String(perSecond), ...urls])];
      }),
    );
  }

  async stop(): Promise<ReadonlyMap<Caller, Report>> {
    const reports = new Map<Caller, Report>();
    for (const process of this.#processes.values()) process.end();
    for (const [name, process] of this.#processes) {
      const { exitCode, stdout, stderr } = await process.within(30_000);
      if (exitCode !== 0) throw new Error(`the load of ${name} failed: ${stderr}`);
      reports.set(name, JSON.parse(stdout) as Report);
    }
    return reports;
  }
}

/** How many passed in each window: one begins with the first that passes after the one before is over. */
function windowsOf(times: readonly number[]): number[] {
  const windows: number[] = [];
  let begunAt = Number.NEGATIVE_INFINITY;
  for (const at of [...times].sort((a, b) => a - b)) {
    if (at - begunAt > WINDOW_MS - SLACK_MS) {
      windows.push(0);
      begunAt = at;
    }
    windows.push((windows.pop() ?? 0) + 1);
  }
  return windows;
}

interface Step {
  /** ms since 1970. */
  readonly at: number;
  readonly text: string;
}

/** Returns when each was asked for. */
async function applyInTurn(lab: TestLab, steps: readonly Step[]): Promise<number[]> {
  const command = [...NODE, program('apply-in-turn.ts'), 'nats://127.0.0.1:4222'];
  return JSON.parse(await lab.run('control', command, JSON.stringify(steps))) as number[];
}

/** A limit that lets nothing more pass, the one before again, and so on: three cuts, all within one window and its limit. */
function cuts(firstAt: number): Step[] {
  const offsets = [0, 700, 1_200, 1_900, 2_400];
  return offsets.map((offset, i) => ({ at: firstAt + offset, text: quota(i % 2 === 0 ? 10 : LIMIT) }));
}

/** Ms from each cut to the last request that passed. NaN: nothing had passed since the limit was raised, so that nothing was cut. */
function cutDelays(passed: readonly number[], askedAt: readonly number[]): number[] {
  return [0, 2, 4].map((i) => {
    const from = askedAt[i - 1] ?? Number.NEGATIVE_INFINITY;
    const cutAt = askedAt[i] ?? Number.NaN;
    const between = passed.filter((at) => at >= from && at < (askedAt[i + 1] ?? Number.POSITIVE_INFINITY));
    return between.some((at) => at < cutAt) ? Math.max(...between) - cutAt : Number.NaN;
  });
}

t.setTimeout(150_000);

await withLab(TOPOLOGY, async (lab) => {
  const known = { web: 'towpath.internal/ns/shop/sa/web', cart: 'shop/cart', batch: lab.address('batch', 'ipv4') };
  await lab.apply(`${resources(lab)}---${quota(LIMIT)}`);

  await t.test('each caller gets its limit and not one request more; a new limit is there at once', async (t) => {
    const load = new Load(lab, OFFERED);
    await sleep(1.6 * WINDOW_MS);
    const { items } = quotaListReplySchema.parse(JSON.parse((await lab.towpath('quota', '-o', 'json')).stdout));
    // A host may still hold a token that it has not used.
    const near = items.filter(({ used, limit }) => limit === LIMIT && used <= LIMIT && used >= LIMIT * 0.99);
    t.same(
      near.map(({ caller }) => caller).sort(),
      CALLERS.map((name) => known[name]).sort(),
      `towpath quota shows them at their limit: ${items.map(({ used }) => used)}`,
    );
    // In the midst of what passes of the next window.
    const next = Date.now() + Math.max(...items.map(({ resetMs }) => resetMs));
    const askedAt = await applyInTurn(lab, cuts(next + 700));
    await sleep(1_000);
    for (const [name, { passed, answers, refusal }] of await load.stop()) {
      const windows = windowsOf(passed);
      t.equal(windows.length, 3);
      t.ok(Math.max(...windows) <= LIMIT, `${name}: ${windows.join(', ')} of ${LIMIT}`);
      t.ok(Math.min(...windows.slice(0, 2)) >= LIMIT * 0.99, `${name}: nearly all of it`);
      t.same(Object.keys(answers).sort(), ['200', '429']);
      t.match(refusal, {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-limit': /^10, 10;w=10$/,
        'retry-after': /^\d+$/,
        body: `the limit of ${known[name]} under shop/orders-quota/global/0 is reached`,
      });
      t.ok((windows[2] ?? 0) < LIMIT * 0.9, `${name}: it had not used its limit up when that was cut`);
      const delays = cutDelays(passed, askedAt).sort((a, b) => a - b);
      t.ok(delays.every(Number.isFinite), `${name}: each cut found requests that passed`);
      // The machine may stop for a moment: the middle one of three counts.
      t.ok(
        (delays[1] ?? Number.NaN) <= 250,
        `${name}: the last that passed were sent ${delays} ms after the new limits`,
      );
    }
  });

  await t.test('without control each rule does as it says', async (t) => {
    await applyInTurn(lab, [{ at: 0, text: outagePolicy }]);
    const load = new Load(lab, (3 * OUTAGE_LIMIT * 1000) / OUTAGE_WINDOW_MS);
    await lab.waitFor('the first window to be used up', 20_000, async () => (await allUsed(lab)) === CALLERS.length);
    await lab.stop('control', 'control', 'SIGKILL');
    // What was granted before ends with its window; the next is the first that nobody grants.
    await sleep(2 * OUTAGE_WINDOW_MS);
    const from = Date.now();
    await sleep(2 * OUTAGE_WINDOW_MS);
    const to = Date.now();
    const reports = await load.stop();
    const during = (name: Caller, what: 'passed' | 'refused'): number =>
      reports.get(name)?.[what].filter((at) => at >= from && at < to).length ?? 0;
    t.equal(during('cart', 'passed'), 0, 'deny');
    t.ok(during('cart', 'refused') > 0);
    t.equal(during('batch', 'refused'), 0, 'allow');
    t.ok(during('batch', 'passed') > 2 * OUTAGE_LIMIT, `more than the limit: ${during('batch', 'passed')}`);
    // Each host lets a quarter through; at either end of two windows there may be a part of another.
    const share = during('web', 'passed');
    t.ok(share >= OUTAGE_LIMIT && share <= 3 * OUTAGE_LIMIT, `share: ${share} in two windows of ${OUTAGE_LIMIT}`);
  });
});

/** Callers that control knows to be at their limit of the outage policy. */
async function allUsed(lab: TestLab): Promise<number> {
  const { items } = quotaListReplySchema.parse(JSON.parse((await lab.towpath('quota', '-o', 'json')).stdout));
  return items.filter(({ limit, used }) => limit === OUTAGE_LIMIT && used === OUTAGE_LIMIT).length;
}
