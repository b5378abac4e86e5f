/**
 * Agents and controls over a lossy bus, played at random: messages are lost, late and repeated, agents crash, controls race with each
 * other, start anew and have clocks of their own, limits change. Whatever happens, no window sees more requests than its limit.
 */
import t from 'tap';
import { QuotaBucket } from '../../../../src/agent/quota/quota-bucket.ts';
import type { LimitRuleView } from '../../../../src/contract/limit-views.ts';
import type { LeaseAsk, LeaseGrant, QuotaRecord } from '../../../../src/contract/quota-messages.ts';
import { QuotaTable, TAKE } from '../../../../src/contract/quota-table.ts';
import { lease } from '../../../../src/control/quota/lease-window.ts';
import { QuotaClock } from '../../../../src/control/quota/quota-clock.ts';

const WINDOW_MS = 1_000;
const RULE: LimitRuleView = {
  id: 'shop/p/global/0@shop/orders',
  service: 'shop/orders',
  scope: 'global',
  by: [],
  limit: { requests: 60, windowMs: WINDOW_MS },
  onOutage: 'share',
  hosts: 4,
};

/** xorshift: a failing seed can be played again. */
function randomOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

interface Later {
  readonly at: number;
  readonly run: () => void;
}

class World {
  now = 0;
  /** What the server's clock is ahead. */
  jump = 0;
  readonly random: () => number;
  readonly later: Later[] = [];
  record: QuotaRecord | null = null;
  revision = 0;
  /** Requests that passed, by ms of real time. */
  readonly passed: number[] = [];
  /** Windows as they were first granted from, in real time, with what was granted in all. */
  readonly granted = new Map<number, number>();
  readonly table = new QuotaTable(QuotaTable.sharedMemory());
  readonly controls: QuotaClock[];
  readonly agents: { bucket: QuotaBucket; boot: string; busy: boolean; sends: number }[] = [];
  limit = RULE.limit;
  boots = 0;
  lossy: number;

  constructor(seed: number, lossy: number) {
    this.random = randomOf(seed);
    this.lossy = lossy;
    this.controls = [0, 1].map(() => this.control());
    for (let i = 0; i < 4; i++) this.agents.push(this.agent(i));
  }

  control(): QuotaClock {
    const clock = new QuotaClock();
    clock.sample(this.now, this.now, 1e9 + this.now + this.jump);
    return clock;
  }

  agent(slot: number) {
    const rule = { ...RULE, limit: this.limit };
    return {
      bucket: new QuotaBucket(this.table, slot, rule, '', '', this.now),
      boot: `b${++this.boots}`,
      busy: false,
      sends: 0,
    };
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  delay(ms: number, run: () => void): void {
    this.later.push({ at: this.now + this.random() * ms, run });
  }

  /** A request at an agent. */
  request(slot: number): void {
    const { bucket } = this.agents[slot] ?? this.agent(slot);
    const take = this.table.take(slot, this.now);
    if (take === TAKE.taken || take === TAKE.takenLow) this.passed.push(this.now);
    if (take === TAKE.takenLow || take === TAKE.dryLow) bucket.isWanted = true;
  }

  look(slot: number): void {
    const agent = this.agents[slot];
    const ask = agent === undefined || agent.busy ? null : agent.bucket.plan(this.now);
    if (agent === undefined || ask === null) return;
    agent.busy = true;
    const send = ++agent.sends;
    /** True: still waited for. */
    const again = (): boolean => {
      const isCurrent = agent.busy && agent.sends === send;
      if (isCurrent) agent.busy = false;
      return isCurrent;
    };
    // Nobody waits for ever: the same question is asked again.
    this.later.push({ at: this.now + 200, run: () => void again() });
    if (this.chance(this.lossy)) return;
    this.delay(20, () =>
      this.serve(slot, agent.boot, ask, (grant) => {
        if (this.chance(this.lossy)) return;
        this.delay(20, () => {
          if (this.agents[slot] !== agent || !again()) return;
          agent.bucket.accept(grant, this.now);
        });
      }),
    );
    if (this.chance(this.lossy)) this.delay(400, () => this.serve(slot, agent.boot, ask, () => {}));
  }

  /** A control reads the record, and stores what it makes of it a little later, unless somebody else did. */
  serve(slot: number, boot: string, ask: LeaseAsk, reply: (grant: LeaseGrant) => void): void {
    const clock = this.controls[this.chance(0.5) ? 0 : 1] ?? this.control();
    const { record, revision } = this;
    this.delay(5, () => {
      if (record !== null) clock.witness(record.current.start, this.now);
      const outcome = lease(record, ask, { host: `h${slot}`, boot }, this.limit, 's', clock.at(this.now) ?? 0);
      if (this.revision !== revision) return this.serve(slot, boot, ask, reply);
      this.revision++;
      this.record = structuredClone(outcome.record);
      for (const window of [outcome.record.current, outcome.record.next]) {
        if (window !== null)
          this.granted.set(window.start, Math.max(this.granted.get(window.start) ?? 0, window.granted));
      }
      reply(outcome.grant);
    });
  }

  step(): void {
    this.now += 1;
    const due = this.later.filter(({ at }) => at <= this.now);
    for (const one of due) this.later.splice(this.later.indexOf(one), 1);
    for (const { run } of due) run();
    for (let slot = 0; slot < this.agents.length; slot++) {
      if (this.chance(0.08)) this.request(slot);
      if (this.now % 10 === slot) this.look(slot);
    }
  }
}

/** The most requests in any window, by when controls said that it began. */
function mostInWindow(world: World): number {
  let most = 0;
  for (const start of world.granted.keys()) {
    const from = start - 1e9;
    most = Math.max(most, world.passed.filter((at) => at >= from && at < from + WINDOW_MS).length);
  }
  return most;
}

t.test('steady: never more than the limit, and nearly all of it', async (t) => {
  for (const seed of [1, 2, 3, 4]) {
    const world = new World(seed, 0);
    while (world.now < 12_000) world.step();
    t.ok(mostInWindow(world) <= 60, `seed ${seed}: ${mostInWindow(world)} in a window`);
    t.ok([...world.granted.values()].every((granted) => granted <= 60));
    const starts = [...world.granted.keys()].sort((a, b) => a - b).slice(1, -2);
    const used = starts.map(
      (start) => world.passed.filter((at) => at >= start - 1e9 && at < start - 1e9 + WINDOW_MS).length,
    );
    const mean = used.reduce((sum, one) => sum + one, 0) / used.length;
    t.ok(mean >= 59, `seed ${seed}: ${mean.toFixed(1)} of 60 on average`);
  }
});

t.test('lost, late and repeated messages, crashes, races and new controls: never more than the limit', async (t) => {
  for (let seed = 10; seed < 30; seed++) {
    const world = new World(seed, 0.15);
    while (world.now < 8_000) {
      world.step();
      if (world.chance(0.002)) {
        const slot = Math.floor(world.random() * 4);
        world.agents[slot] = world.agent(slot);
      }
      if (world.chance(0.002)) world.controls[world.chance(0.5) ? 0 : 1] = world.control();
    }
    t.ok(mostInWindow(world) <= 60, `seed ${seed}: ${mostInWindow(world)} in a window`);
    t.ok([...world.granted.values()].every((granted) => granted <= 60));
  }
});

t.test(
  'clocks that are set: no window is granted more than its limit, and the running ones are not cut short',
  async (t) => {
    for (let seed = 50; seed < 60; seed++) {
      const world = new World(seed, 0.05);
      while (world.now < 8_000) {
        world.step();
        if (!world.chance(0.003)) continue;
        // The server's clock is set; controls that run hear of it when they look at it again.
        world.jump += Math.round((world.random() - 0.5) * 7_200_000);
        for (const clock of world.controls) clock.sample(world.now, world.now, 1e9 + world.now + world.jump);
      }
      t.ok([...world.granted.values()].every((granted) => granted <= 60));
      const starts = [...world.granted.keys()].sort((a, b) => a - b);
      t.ok(
        starts.every((start, i) => i === 0 || start - (starts[i - 1] ?? 0) >= WINDOW_MS),
        `seed ${seed}: no overlap`,
      );
      t.ok(
        world.passed.length <= 60 * (Math.ceil(8_000 / (WINDOW_MS * 0.99)) + 1),
        `seed ${seed}: ${world.passed.length} in all`,
      );
    }
  },
);

t.test('a lower limit: nothing more than it from when controls know it', async (t) => {
  for (let seed = 70; seed < 76; seed++) {
    const world = new World(seed, 0.05);
    while (world.now < 3_000) world.step();
    world.limit = { requests: 20, windowMs: WINDOW_MS };
    for (const { bucket } of world.agents) bucket.adopt({ ...RULE, limit: world.limit }, world.now);
    const from = world.now;
    while (world.now < 8_000) world.step();
    for (const [start, granted] of world.granted)
      if (start - 1e9 >= from + 50) t.ok(granted <= 20, `seed ${seed}: ${granted}`);
  }
});
