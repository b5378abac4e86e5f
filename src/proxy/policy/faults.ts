/** Which faults are injected into a request: delay and abort are drawn independently of each other. */
import type { FaultView } from '../../contract/route-views.ts';

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

/** Envoy's httpToGrpcStatus (gRPC "HTTP to gRPC Status Code Mapping"). */
function grpcStatusOf(status: number): number {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/** What a client that does not speak gRPC is told, by gRPC status (google.rpc.Code). */
const HTTP_STATUSES: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];
