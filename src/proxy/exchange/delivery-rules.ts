/** What a rule says about the way to its backend: how often, how long, with which faults, and who gets a copy. */

import type { FaultView, MirrorView } from '../../contract/route-views.ts';
import type { ClusterKey, RouteActionView, WeightedBackendView } from '../../contract/views.ts';
import type { Cluster } from '../endpoints/cluster.ts';
import { compileRetry, type RetryRules, USUAL_RETRY } from '../policy/retry.ts';

export interface MirrorRule {
  readonly cluster: Cluster;
  /** Share of the requests, 0 to 1. */
  readonly share: number;
}

export interface DeliveryRules {
  readonly retry: RetryRules;
  /** ms for one try, 0 = none. */
  readonly perTryMs: number;
  readonly fault: FaultView | null;
  readonly mirrors: readonly MirrorRule[];
  /** A request may be sent more than once, or be held: it goes through the general exchange, whatever the protocol. */
  readonly needsExchange: boolean;
}

const NO_MIRRORS: readonly MirrorRule[] = [];

/** Without a route. */
export const USUAL_DELIVERY: DeliveryRules = {
  retry: USUAL_RETRY,
  perTryMs: 0,
  fault: null,
  mirrors: NO_MIRRORS,
  needsExchange: false,
};

/** Prepares the rules for one backend of an action once, when the view arrives. */
export function compileDelivery(
  action: RouteActionView,
  backend: WeightedBackendView,
  clusters: ReadonlyMap<ClusterKey, Cluster>,
): DeliveryRules {
  const { retry, perTryTimeoutMs = 0, fault = null } = action;
  const mirrors = [...(action.mirrors ?? []), ...(backend.mirrors ?? [])].flatMap((view) =>
    compileMirror(view, clusters),
  );
  const needsExchange = retry !== undefined || perTryTimeoutMs > 0 || fault !== null || mirrors.length > 0;
  if (!needsExchange) return USUAL_DELIVERY;
  return { retry: compileRetry(retry), perTryMs: perTryTimeoutMs, fault, mirrors, needsExchange };
}

function compileMirror(view: MirrorView, clusters: ReadonlyMap<ClusterKey, Cluster>): MirrorRule[] {
  const cluster = view.cluster === null ? undefined : clusters.get(view.cluster);
  if (cluster === undefined || view.denominator <= 0) return [];
  return [{ cluster, share: view.numerator / view.denominator }];
}
