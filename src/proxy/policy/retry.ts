/**
 * Whether a request that came to nothing, or got an answer that its rule lists, is sent again (GEP-1731). Sent again is only what
 * provably was not acted on, what may be repeated by its nature, or what the operator has declared repeatable by listing the answer.
 */
import type { RetryView } from '../../contract/route-views.ts';
import type { Loss } from './loss.ts';

/** Sends of a request without a rule for it, and of one that no endpoint has taken yet: the first, and two more. */
export const USUAL_SENDS = 3;

export interface RetryRules {
  /** The rule has a `retry` stanza. */
  readonly isAsked: boolean;
  /** Tries beside the first. */
  readonly attempts: number;
  readonly statuses: ReadonlySet<number>;
  readonly grpcStatuses: ReadonlySet<number>;
  /** Least ms before the first retry, -1 = not said. */
  readonly backoffMs: number;
}

const NONE: ReadonlySet<number> = new Set();

/** Without a rule: only what was not delivered, or may be repeated and was lost with its connection. */
export const USUAL_RETRY: RetryRules = {
  isAsked: false,
  attempts: USUAL_SENDS - 1,
  statuses: NONE,
  grpcStatuses: NONE,
  backoffMs: -1,
};

/** Prepares a stanza once, when its view arrives. */
export function compileRetry(view: RetryView | undefined): RetryRules {
  if (view === undefined) return USUAL_RETRY;
  return {
    isAsked: true,
    attempts: view.attempts,
    statuses: new Set(view.codes),
    grpcStatuses: new Set(view.grpcCodes),
    backoffMs: view.backoffMs ?? -1,
  };
}

/** @param grpcStatus of an answer that is nothing but trailers, -1 = another one */
export function listsAnswer(rules: RetryRules, status: number, grpcStatus: number): boolean {
  return rules.statuses.has(status) || (grpcStatus > 0 && rules.grpcStatuses.has(grpcStatus));
}

export interface LostTry {
  readonly loss: Loss;
  /** The endpoint has provably not acted on the request. */
  readonly unprocessed: boolean;
  /** Nothing of an answer was seen. */
  readonly untouched: boolean;
  /** Idempotent by its method, or by an Idempotency-Key. */
  readonly repeatable: boolean;
  /** The request has arrived whole. */
  readonly whole: boolean;
  /** Sends so far. */
  readonly sends: number;
}

export type Again =
  | 'again'
  /** It must not be sent again. */
  | 'never'
  /** It could be, but the tries are used up. */
  | 'used-up';

/** What becomes of a request whose try came to nothing. */
export function decideLostTry(rules: RetryRules, lost: LostTry): Again {
  if (!lost.unprocessed && !isHarmless(rules, lost)) return 'never';
  const most = lost.unprocessed ? Math.max(USUAL_SENDS, rules.attempts + 1) : rules.attempts + 1;
  return lost.sends < most ? 'again' : 'used-up';
}

function isHarmless(rules: RetryRules, { loss, untouched, repeatable, whole }: LostTry): boolean {
  if (!untouched || !repeatable) return false;
  switch (loss) {
    case 'lost':
      return whole || rules.isAsked;
    case 'reset':
    case 'slow':
      return rules.isAsked;
    case 'unreachable':
    case 'malformed':
    case 'crowded':
    case 'full':
      return false;
  }
}
