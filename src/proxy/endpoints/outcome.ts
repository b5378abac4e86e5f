/** How one attempt at an endpoint ended, as far as that speaks for or against the endpoint. */
import { assertNever } from '../../core/result.ts';
import { NO_GRPC_STATUS } from '../grpc/grpc-status.ts';

export type Outcome =
  /** `grpcStatus`: NO_GRPC_STATUS where it is no gRPC. `seconds`: from sending the request to the head of the answer. */
  | { readonly type: 'answer'; readonly status: number; readonly grpcStatus: number; readonly seconds: number }
  /** A connection that carries no requests was established. */
  | { readonly type: 'connected' }
  /** It took no connection, lost it, broke the protocol, or did not answer in time. */
  | { readonly type: 'local-failure'; readonly cause: 'connect' | 'reset' | 'timeout' };

/** HTTP statuses that gRPC's stand for (Envoy's grpcToHttpStatus), 0 to 16. */
const HTTP_OF_GRPC = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401] as const;
/** What counts as overload although it is quick. */
const TOO_MANY_REQUESTS = 429;
/** Taken as the latency of refusals and failures, so that quick ones do not attract load (Linkerd's load biaser). */
const PENALTY_MS = 5_000;

/** As an HTTP status: failures that are no answers count as 503, and as 504 when they took too long. */
export function statusOf(outcome: Outcome): number {
  switch (outcome.type) {
    case 'answer':
      return outcome.grpcStatus === NO_GRPC_STATUS ? outcome.status : (HTTP_OF_GRPC[outcome.grpcStatus] ?? 500);
    case 'connected':
      return 200;
    case 'local-failure':
      return outcome.cause === 'timeout' ? 504 : 503;
    default:
      return assertNever(outcome);
  }
}

/** What PeakEWMA takes as its latency in ms; -1 = it says nothing. */
export function latencyOf(outcome: Outcome): number {
  switch (outcome.type) {
    case 'answer':
      return statusOf(outcome) === TOO_MANY_REQUESTS ? PENALTY_MS : outcome.seconds * 1000;
    case 'connected':
      return -1;
    case 'local-failure':
      return PENALTY_MS;
    default:
      return assertNever(outcome);
  }
}
