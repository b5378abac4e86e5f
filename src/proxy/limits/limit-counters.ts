import type { Counters } from '../counters.ts';
import type { CompiledLimit } from './compiled-limit.ts';

export type LimitResult = 'allowed' | 'refused' | 'shadow' | 'uncounted' | 'denied';

/** Callers of one rule that are told apart; all others together are `other`. */
const MAX_CALLERS = 100;

type ByCaller = Map<string, Map<LimitResult, number>>;

/** `towpath_rate_limit_requests_total`, by policy, service, caller and what became of the request. */
export class LimitCounters {
  readonly #counters: Counters;
  readonly #rules = new Map<string, ByCaller>();

  constructor(counters: Counters) {
    this.#counters = counters;
    counters.onForget(() => this.#forget());
  }

  count({ view, policy }: CompiledLimit, caller: string, result: LimitResult): void {
    let callers = this.#rules.get(view.id);
    if (callers === undefined) {
      callers = new Map();
      this.#rules.set(view.id, callers);
    }
    const name = callers.has(caller) || callers.size < MAX_CALLERS ? caller : 'other';
    let results = callers.get(name);
    if (results === undefined) {
      results = new Map();
      callers.set(name, results);
    }
    let index = results.get(result);
    if (index === undefined) {
      const labels = { policy, service: view.service, caller: name, result };
      index = this.#counters.series('towpath_rate_limit_requests_total', labels);
      results.set(result, index);
    }
    this.#counters.add(index, 1);
  }

  /** Callers that have not been counted since the last time make room for others. */
  #forget(): void {
    for (const [id, callers] of this.#rules) {
      for (const [caller, results] of callers) {
        if (results.size === 0) callers.delete(caller);
        else results.clear();
      }
      if (callers.size === 0) this.#rules.delete(id);
    }
  }
}
