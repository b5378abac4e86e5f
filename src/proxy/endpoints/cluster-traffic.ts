/** What one data thread has under way for a cluster, and how much of it there may be. It outlives the views of the cluster. */
import type { ClusterTimeoutsView, ClusterView } from '../../contract/cluster-views.ts';
import type { FaultView } from '../../contract/route-views.ts';
import { type Thresholds, thresholdsOf, UNLIMITED, USUAL_THRESHOLDS } from '../policy/circuit-breaker.ts';
import { RetryBudget, USUAL_BUDGET } from '../policy/retry-budget.ts';

type Policy = Pick<ClusterView, 'circuitBreaker' | 'retryBudget' | 'timeouts' | 'hedgeOnPerTryTimeout' | 'fault'>;

const NO_TIMEOUTS: ClusterTimeoutsView = {};

export class ClusterTraffic {
  readonly key: string;
  thresholds: Thresholds = USUAL_THRESHOLDS;
  budget = new RetryBudget();
  timeouts: ClusterTimeoutsView = NO_TIMEOUTS;
  /** A second request when one try's time is up. */
  hedges = false;
  /** Of requests whose rule has none of its own. */
  fault: FaultView | null = null;
  /** Its requests go through the general exchange, whatever the protocol. */
  needsExchange = false;
  connections = 0;
  /** Requests that have no connection, or no stream, yet. */
  pending = 0;
  requests = 0;
  /** Requests that were sent more than once. */
  retries = 0;

  constructor(key: string) {
    this.key = key;
  }

  static unlimited(): ClusterTraffic {
    const traffic = new ClusterTraffic('');
    traffic.thresholds = UNLIMITED;
    return traffic;
  }

  /** Puts a view in force; what is under way counts on. */
  configure(view: Policy): void {
    const { circuitBreaker, retryBudget = USUAL_BUDGET, timeouts = NO_TIMEOUTS } = view;
    this.thresholds = thresholdsOf(circuitBreaker);
    this.timeouts = timeouts;
    this.hedges = view.hedgeOnPerTryTimeout === true;
    this.fault = view.fault ?? null;
    this.needsExchange =
      this.hedges || this.fault !== null || isSet(timeouts.streamIdleMs) || isSet(timeouts.maxStreamMs);
    if (!sameBudget(this.budget.view, retryBudget)) this.budget = new RetryBudget(retryBudget);
  }

  /** ms, where no route says otherwise; 0 = none. */
  get requestTimeoutMs(): number {
    return this.timeouts.requestMs ?? 0;
  }

  /** One request more, which gives its place back by `requests--`. False when there are as many as may be. @param now ms, monotonic */
  admit(now: number): boolean {
    if (this.requests >= this.thresholds.requests) return false;
    this.requests++;
    this.budget.noteRequest(now);
    return true;
  }
}

function isSet(ms: number | undefined): boolean {
  return ms !== undefined && ms > 0;
}

function sameBudget(a: RetryBudget['view'], b: RetryBudget['view']): boolean {
  return (
    a.percent === b.percent &&
    a.intervalMs === b.intervalMs &&
    a.minCount === b.minCount &&
    a.minIntervalMs === b.minIntervalMs
  );
}
