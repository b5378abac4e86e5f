/** Which faults are injected into a request: delay and abort are drawn independently of each other. */
import type { FaultView } from '../../contract/route-views.ts';
import { grpcStatusOf } from '../grpc/grpc-status.ts';

export interface DrawnFault {
  /** ms before the request is sent; 0 = none. */
  readonly delayMs: number;
  /** null: it is sent. */
  readonly abort: { readonly status: number; readonly grpcStatus: number } | null;
}

/** @param random uniform in [0, 1), drawn twice at most @returns null when nothing is injected */
export function drawFault(view: FaultView, random: () => number): DrawnFault | null {
  const { delay, abort } = view;
  const delayMs = delay !== undefined && isHit(delay.percentage, random) ? delay.ms : 0;
  const aborts = abort !== undefined && isHit(abort.percentage, random);
  if (delayMs === 0 && !aborts) return null;
  return { delayMs, abort: aborts ? statusesOf(abort) : null };
}

function isHit(percentage: number, random: () => number): boolean {
  return percentage > 0 && random() * 100 < percentage;
}

function statusesOf(abort: NonNullable<FaultView['abort']>): { readonly status: number; readonly grpcStatus: number } {
  if ('httpStatus' in abort) return { status: abort.httpStatus, grpcStatus: grpcStatusOf(abort.httpStatus) };
  return { status: HTTP_STATUSES[abort.grpcStatus] ?? 500, grpcStatus: abort.grpcStatus };
}

/** What a client that does not speak gRPC is told, by gRPC status (google.rpc.Code). */
const HTTP_STATUSES: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];
