/** Rate limits of what arrives at the programs of this host: whether there is room for a request in every bucket that counts it. */
import type { FromDataThread, ToDataThread } from '../../contract/data-thread.ts';
import type { HostView } from '../../contract/host-view.ts';
import { matchesCaller } from '../../contract/limit-views.ts';
import { QuotaTable } from '../../contract/quota-table.ts';
import { sharedNow } from '../../contract/shared-clock.ts';
import type { Reactor } from '../../reactor/reactor.ts';
import type { Counters } from '../counters.ts';
import { ViewWaiters } from '../view-waiters.ts';
import {
  appliesTo,
  bucketKey,
  type Caller,
  type CompiledLimit,
  callerOf,
  compileLimit,
  type LimitedRequest,
  limitOf,
} from './compiled-limit.ts';
import { LimitCounters } from './limit-counters.ts';
import type { LimitMemory } from './limit-memory.ts';
import { type Held, type Passed, passed, type Refusal, type Refused, refused } from './limit-verdict.ts';
import { QuotaDesk } from './quota-desk.ts';
import { hashKey, SharedBuckets } from './shared-buckets.ts';

/** ms that a request waits for tokens; main answers within this time, if only to say that nobody can be asked. */
const HOLD_MS = 300;
const NO_RULES: readonly CompiledLimit[] = [];

export type LimitVerdict =
  | { readonly type: 'refused'; readonly refusal: Refusal }
  /** Ask again when `done` is called; `otherwise` is what becomes of the request when that was in vain: null = it passes. */
  | {
      readonly type: 'held';
      readonly wait: (done: (arrived: boolean) => void) => void;
      readonly otherwise: () => Refusal | null;
    };

export class RequestLimits {
  /** There is a rule. */
  active = false;
  readonly #buckets: SharedBuckets;
  /** Of the hash that finds buckets: drawn at the start of the agent, the same in all its threads. */
  readonly #seed: number;
  readonly #desk: QuotaDesk;
  readonly #counters: LimitCounters;
  #ports: ReadonlyMap<number, readonly CompiledLimit[]> = new Map();
  /** Where this request was counted so far. */
  readonly #passed: Passed[] = [];
  #isQuestion = false;

  constructor(buckets: SharedBuckets, seed: number, desk: QuotaDesk, counters: Counters) {
    this.#buckets = buckets;
    this.#seed = seed;
    this.#desk = desk;
    this.#counters = new LimitCounters(counters);
  }

  set({ workloads }: HostView): void {
    const ports = new Map<number, readonly CompiledLimit[]>();
    for (const { port, rules } of workloads.flatMap(({ limits = [] }) => limits)) {
      ports.set(port, [...(ports.get(port) ?? []), ...rules.map(compileLimit)]);
    }
    this.#ports = ports;
    this.active = ports.size > 0;
    this.#desk.keep(new Set([...ports.values()].flat().map(({ view }) => view.id)));
  }

  heard(message: Extract<ToDataThread, { type: 'quota-slot' | 'quota-filled' }>): void {
    this.#desk.heard(message);
  }

  /** null: there is room, and the request is counted. @param port of the program */
  check(port: number, request: LimitedRequest): LimitVerdict | null {
    return this.ask(this.rulesOf(port), request);
  }

  /** Of a port of a program. */
  rulesOf(port: number): readonly CompiledLimit[] {
    return this.#ports.get(port) ?? NO_RULES;
  }

  /** Decides on a request that nobody has sent: nothing of it is counted. */
  asIf<T>(decide: () => T): T {
    this.#passed.length = 0;
    this.#isQuestion = true;
    try {
      return decide();
    } finally {
      for (const { undo } of this.#passed) undo?.();
      this.#passed.length = 0;
      this.#isQuestion = false;
    }
  }

  /** The same for rules that are at hand. */
  ask(rules: readonly CompiledLimit[], request: LimitedRequest): LimitVerdict | null {
    if (this.#passed.length > 0) this.#passed.length = 0;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i] as CompiledLimit;
      if (!appliesTo(rule, request)) continue;
      const caller = callerOf(rule, request);
      const { callers } = rule.view;
      if (callers !== undefined && !matchesCaller(callers, caller.name)) continue;
      const verdict = this.#take(rule, caller, bucketKey(rule, caller, request));
      if (verdict.type === 'passed') this.#passed.push(verdict);
      else return this.#stop(verdict);
    }
    if (!this.#isQuestion) for (const one of this.#passed) this.#counters.count(one.rule, one.caller, one.result);
    return null;
  }

  #take(rule: CompiledLimit, caller: Caller, key: string): Passed | Refused | Held {
    if (rule.view.scope === 'global') return this.#desk.take(rule, caller, key);
    const buckets = this.#buckets;
    const now = sharedNow();
    const limit = limitOf(rule, caller);
    const isRoom = buckets.take(hashKey(this.#seed, rule.view.id, key), limit, now, Date.now());
    const { place, endsAt } = buckets;
    return isRoom
      ? passed(rule, caller.name, 'allowed', () => buckets.giveBack(place, endsAt))
      : refused(rule, caller.name, limit, endsAt - now);
  }

  /** What other rules have counted is taken out again: a request that is refused uses nothing up. */
  #stop(verdict: Refused | Held): LimitVerdict {
    for (const { undo } of this.#passed) undo?.();
    this.#passed.length = 0;
    if (verdict.type === 'refused') return { type: 'refused', refusal: this.#count(verdict) };
    const otherwise = (): Refusal | null => {
      const last = verdict.otherwise();
      if (last.type === 'refused') return this.#count(last);
      this.#counters.count(last.rule, last.caller, last.result);
      return null;
    };
    return { type: 'held', wait: verdict.wait, otherwise };
  }

  #count({ rule, result, refusal }: Refused): Refusal {
    if (!this.#isQuestion) this.#counters.count(rule, refusal.caller, result);
    return refusal;
  }
}

/** Of a data thread. `post` tells main. */
export function makeRateLimits(
  { buckets, quotas, seed }: LimitMemory,
  reactor: Reactor,
  counters: Counters,
  post: (message: FromDataThread) => void,
): RequestLimits {
  const desk = new QuotaDesk(new QuotaTable(quotas), new ViewWaiters(reactor, HOLD_MS, () => {}), post);
  return new RequestLimits(new SharedBuckets(buckets), seed, desk, counters);
}
