/** Global limits on a real server: four hosts of a service, three callers, two controls. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { QuotaKeeper } from '../../src/agent/quota/quota-keeper.ts';
import type { ToDataThreadBody } from '../../src/agent/thread-state.ts';
import type { Bus } from '../../src/contract/bus-types.ts';
import { auditReplySchema } from '../../src/contract/operator-messages.ts';
import { type QuotaRow, quotaListReplySchema } from '../../src/contract/quota-messages.ts';
import { QuotaTable, TAKE } from '../../src/contract/quota-table.ts';
import { sharedNow } from '../../src/contract/shared-clock.ts';
import { startWatch } from '../helpers/stopwatch.ts';
import { ORDERS, operator, startAgent, startControl, type TestAgent, until, workload } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const HOSTS = ['h1', 'h2', 'h3', 'h4'];
const CALLERS = ['web', 'cart', 'batch'];
const WINDOW_MS = 2_000;
const STALL_MS = 150;

function policy(requests: number, onOutage = 'deny'): string {
  return `
apiVersion: towpath.dev/v1
kind: BackendTrafficPolicy
metadata: {name: orders-quota, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: orders}]
  rateLimit:
    global:
      rules:
        - clientSelectors: [{caller: {type: Distinct}}]
          limit: {requests: ${requests}, window: ${WINDOW_MS / 1000}s}
          onOutage: ${onOutage}
`;
}

interface Passed {
  /** ms of `sharedNow`. */
  readonly at: number;
  /** When the window ends that its token is of. */
  readonly ends: number;
}

/** A provider's host, without data threads: requests are taken from its table as they would. */
class Host {
  readonly agent: TestAgent;
  readonly table = new QuotaTable(QuotaTable.sharedMemory());
  readonly slots = new Map<string, number>();
  readonly keeper: QuotaKeeper;
  rule = '';
  limit = 0;

  constructor(url: string, name: string, i: number) {
    this.agent = startAgent(url, name, [workload('orders', `10.0.0.${i + 1}`)]);
    this.keeper = new QuotaKeeper(this.table, async (message) => this.#hear(message));
    this.keeper.use(this.agent.link.leases());
  }

  #hear(message: ToDataThreadBody): void {
    if (message.type === 'quota-slot' && message.slot !== null) this.slots.set(message.caller, message.slot);
  }

  /** Follows the newest view of the host. */
  follow(): number {
    const { own } = this.agent;
    const rule = own?.workloads[0]?.limits?.[0]?.rules[0];
    if (own === null || rule === undefined || rule.limit.requests === this.limit) return this.limit;
    this.rule = rule.id;
    this.limit = rule.limit.requests;
    this.keeper.follow(own);
    return this.limit;
  }

  /** null: it does not pass. */
  request(caller: string): Passed | null {
    const slot = this.slots.get(caller);
    if (slot === undefined) {
      this.keeper.heard({ type: 'quota-need', rule: this.rule, caller, key: `mtls:${caller}` });
      return null;
    }
    const at = sharedNow();
    const take = this.table.take(slot, at);
    if (take === TAKE.takenLow || take === TAKE.dryLow) this.keeper.heard({ type: 'quota-low', slot });
    const passes = take === TAKE.taken || take === TAKE.takenLow || take === TAKE.uncounted;
    return passes ? { at, ends: at + this.table.resetMs(slot, at) } : null;
  }

  async stop(): Promise<void> {
    this.keeper.stop();
    await this.agent.link.stop();
  }
}

/** Offers so many requests a second for each caller, spread over the hosts, and notes when those that pass did. */
class Load {
  readonly passed = new Map<string, Passed[]>(CALLERS.map((caller) => [caller, []]));
  /** When the machine did not let this run for so long that tokens may have stayed unused. */
  readonly #stalls: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #offered = 0;
  #tickedAt = sharedNow();

  constructor(hosts: readonly Host[], perSecond: number) {
    const begun = sharedNow();
    this.#timer = setInterval(() => {
      const now = sharedNow();
      if (now - this.#tickedAt > STALL_MS) this.#stalls.push(now);
      this.#tickedAt = now;
      const due = ((now - begun) / 1000) * perSecond;
      for (; this.#offered < due; this.#offered++) {
        for (const caller of CALLERS) {
          const passed = hosts[this.#offered % hosts.length]?.request(caller) ?? null;
          if (passed !== null) this.passed.get(caller)?.push(passed);
        }
      }
      for (const host of hosts) host.follow();
    }, 5);
  }

  forget(): void {
    for (const list of this.passed.values()) list.length = 0;
  }

  all(): Passed[] {
    return [...this.passed.values()].flat();
  }

  /** What passed in each window, by the tokens' own windows: hosts know its end as exactly as control's answer was quick. */
  windows(caller: string): Window[] {
    const windows: Window[] = [];
    for (const { ends } of [...(this.passed.get(caller) ?? [])].sort((a, b) => a.ends - b.ends)) {
      const last = windows.at(-1);
      if (last !== undefined && ends - last.ends < WINDOW_MS / 2) last.count++;
      else windows.push({ ends, count: 1 });
    }
    return windows;
  }

  /** Windows that are over, from their beginning on under steady load. */
  steady(caller: string): Window[] {
    const now = sharedNow();
    const isQuiet = ({ ends }: Window): boolean =>
      !this.#stalls.some((at) => at > ends - WINDOW_MS && at < ends + STALL_MS);
    return this.windows(caller)
      .slice(1)
      .filter((window) => window.ends < now && isQuiet(window));
  }

  /** The machine was too busy to judge what takes a fraction of a second. */
  hasStalledSince(time: number): boolean {
    return this.#stalls.some((at) => at >= time);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

interface Window {
  readonly ends: number;
  count: number;
}

type Tap = Pick<typeof t, 'ok'>;

/** Two windows of each caller, and never more than the limit. */
async function assertLimited(t: Tap, load: Load, limit: number): Promise<void> {
  await until('two steady windows', () => CALLERS.every((caller) => load.steady(caller).length >= 2), 60_000);
  for (const caller of CALLERS) {
    const counts = load.windows(caller).map(({ count }) => count);
    t.ok(Math.max(...counts) <= limit, `${caller}: ${counts.join(', ')} of ${limit}`);
    const steady = load.steady(caller).map(({ count }) => count);
    t.ok(Math.min(...steady) >= limit * 0.99, `${caller}: ${steady.join(', ')} in steady windows`);
  }
}

async function apply(bus: Bus, text: string): Promise<void> {
  const reply = await bus.request('towpath.v1.default.control.resource.apply', text, 5_000);
  if (reply.header('Nats-Service-Error-Code') !== '') throw new Error(reply.text());
}

t.test(
  'three callers at four hosts, offered three times their limit, with two controls of which one dies',
  async (t) => {
    const server = await startNatsServer();
    t.teardown(() => server.dispose());
    const controls = [await startControl(server.url, 'c1'), await startControl(server.url, 'c2')];
    const bus = await operator(server.url);
    await until('control answers', async () => {
      const reply = await bus.request('towpath.v1.default.control.mesh.status', '', 1_000).catch(() => null);
      return reply !== null;
    });
    const hosts = HOSTS.map((name, i) => new Host(server.url, name, i));
    t.teardown(async () => {
      await Promise.all(hosts.map((host) => host.stop()));
      await bus.close();
      await Promise.all(controls.map((control) => control.stop()));
    });
    await apply(bus, `${ORDERS}---${policy(200)}`);
    await until('every host has the policy', () => hosts.every((host) => host.follow() === 200));

    const load = new Load(hosts, 300);
    t.teardown(() => load.stop());
    await assertLimited(t, load, 200);

    await t.test('who is near its quota, and the audit trail', async (t) => {
      let items: QuotaRow[] = [];
      // A window that has just begun has nobody near its end.
      await until('every caller to have used half', async () => {
        const reply = await bus.request('towpath.v1.default.control.quota.list', '{"near":50}', 10_000);
        items = quotaListReplySchema.parse(JSON.parse(reply.text())).items;
        return items.length === CALLERS.length;
      });
      t.same(new Set(items.map(({ caller }) => caller)), new Set(CALLERS));
      t.ok(items.every(({ used, limit, service }) => used <= limit && limit === 200 && service === 'shop/orders'));
      const audit = auditReplySchema.parse(
        JSON.parse((await bus.request('towpath.v1.default.control.audit.list', '{"limit":1000}', 10_000)).text()),
      );
      const told = audit.events.filter(({ action }) => action.startsWith('quota-'));
      const perWindow = new Map<string, number>();
      for (const { action, requestId } of told)
        perWindow.set(`${action} ${requestId}`, (perWindow.get(`${action} ${requestId}`) ?? 0) + 1);
      t.ok(
        [...perWindow.values()].every((count) => count === 1),
        'each mark once for a caller and window',
      );
      for (const action of ['quota-80', 'quota-100'])
        t.ok(told.filter((event) => event.action === action).length >= 2 * CALLERS.length, action);
    });

    await t.test('a new limit is in force everywhere within 250 ms', async (t) => {
      const before = sharedNow();
      const watch = startWatch();
      await apply(bus, policy(1));
      await until('every host knows it', () => hosts.every(({ limit }) => limit === 1));
      const [after, busy] = [watch.quietMs(), watch.busyMs()];
      t.ok(after < 250 || load.hasStalledSince(before), `every host has it after ${Math.round(after)} ms`);
      await sleep(WINDOW_MS);
      const late = load.all().filter(({ at }) => at > before + 250 + busy && at < before + WINDOW_MS * 0.9).length;
      t.ok(late <= CALLERS.length || load.hasStalledSince(before), `${late} passed after 250 ms`);
      await apply(bus, policy(200));
      await until('every host knows it', () => hosts.every(({ limit }) => limit === 200));
    });

    await t.test('the control that leads dies: the other grants at once', async (t) => {
      await sleep(WINDOW_MS);
      load.forget();
      await controls.shift()?.stop();
      await assertLimited(t, load, 200);
    });

    await t.test('no control is left: the policy denies; with one again there are tokens', async (t) => {
      await controls.shift()?.stop();
      await until('the outage', () => hosts.every(({ keeper }) => keeper.stats().outage));
      await sleep(WINDOW_MS);
      load.forget();
      await sleep(500);
      t.equal(load.all().length, 0);
      controls.push(await startControl(server.url, 'c3'));
      await until('requests pass', () => [...load.passed.values()].every((list) => list.length > 0));
    });
  },
);
