/** What a rate limit says of a request. */
import type { LimitView } from '../../contract/limit-views.ts';
import type { CompiledLimit } from './compiled-limit.ts';
import type { LimitResult } from './limit-counters.ts';

/** A bucket has no room for a request. */
export interface Refusal {
  readonly policy: string;
  readonly limit: LimitView;
  /** Empty: the rule counts everybody together. */
  readonly caller: string;
  /** ms until it may be tried again; 0 = not known. */
  readonly resetMs: number;
  /** Not over the limit: control cannot be asked, and the rule refuses everything then. */
  readonly isOutage: boolean;
}

/** There is room, as one rule has it; `undo` takes the request out of its bucket again. */
export interface Passed {
  readonly type: 'passed';
  readonly rule: CompiledLimit;
  readonly caller: string;
  readonly result: LimitResult;
  readonly undo: (() => void) | null;
}

export interface Refused {
  readonly type: 'refused';
  readonly rule: CompiledLimit;
  readonly result: LimitResult;
  readonly refusal: Refusal;
}

/** Ask again when `done` is called; `otherwise` is what becomes of the request when that was in vain. */
export interface Held {
  readonly type: 'held';
  readonly wait: (done: (arrived: boolean) => void) => void;
  readonly otherwise: () => Passed | Refused;
}

export function passed(
  rule: CompiledLimit,
  caller: string,
  result: LimitResult,
  undo: (() => void) | null = null,
): Passed {
  return { type: 'passed', rule, caller, result, undo };
}

/** Over the limit: refused, unless the rule only watches. */
export function refused(rule: CompiledLimit, caller: string, limit: LimitView, resetMs: number): Passed | Refused {
  if (rule.view.shadow === true) return passed(rule, caller, 'shadow');
  const refusal = { policy: rule.policy, limit, caller, resetMs, isOutage: false };
  return { type: 'refused', rule, result: 'refused', refusal };
}

/** Nobody can say whether there is room. */
export function uncounted(rule: CompiledLimit, caller: string, limit: LimitView): Passed | Refused {
  if (rule.view.onOutage === 'allow' || rule.view.shadow === true) return passed(rule, caller, 'uncounted');
  const refusal = { policy: rule.policy, limit, caller, resetMs: 0, isOutage: true };
  return { type: 'refused', rule, result: 'denied', refusal };
}
