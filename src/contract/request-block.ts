/**
 * What a data thread counts of requests that share their labels: one block of numbers in the shared memory of its counters.
 * The data thread adds, main reads. Buckets count what fell into them alone; readers add them up.
 */

/** Upper bounds in seconds: those of OpenTelemetry's http.server.request.duration, and three below for quick networks. */
export const DURATION_BOUNDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const;
/** How many of the bounds above are ours alone. */
export const OWN_DURATION_BOUNDS = 3;
/** Upper bounds in bytes. */
export const SIZE_BOUNDS = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216] as const;

/** Places in a block: buckets (the last of each is +Inf), then their sum. */
export const AT_DURATION = 0;
export const AT_SECONDS = AT_DURATION + DURATION_BOUNDS.length + 1;
export const AT_REQUEST_SIZE = AT_SECONDS + 1;
export const AT_REQUEST_BYTES = AT_REQUEST_SIZE + SIZE_BOUNDS.length + 1;
export const AT_RESPONSE_SIZE = AT_REQUEST_BYTES + 1;
export const AT_RESPONSE_BYTES = AT_RESPONSE_SIZE + SIZE_BOUNDS.length + 1;
export const BLOCK_SLOTS = AT_RESPONSE_BYTES + 1;

/** The name under which blocks are announced; no series has it. */
export const REQUEST_BLOCK = 'towpath_request_block';

/** What requests of one block have in common. All values are bounded: paths, hosts and methods of clients are none of them. */
export interface RequestLabels {
  readonly side: 'outbound' | 'inbound';
  /** `<namespace>/<name>` of a service (outbound) or workload (inbound); '' = neither. */
  readonly service: string;
  /** `<namespace>/<route>/<rule>`; '' = none. */
  readonly route: string;
  /** `<namespace>/<name>:<port>` of the cluster; '' = no endpoint was chosen, or it was the original destination. */
  readonly backend: string;
  /** Of the client. */
  readonly protocol: 'http1' | 'http2' | 'grpc';
  /** GET, HEAD, ...; `_OTHER` for what HTTP does not register, '' for what was no request. */
  readonly method: string;
  /** Status code, `4xx` for those nobody registered, 0 = no answer was sent. */
  readonly code: string;
  /** Response flag, '' = all is well. */
  readonly flags: string;
  /** '' = no gRPC, or none was given. */
  readonly grpcStatus: string;
  /** Who called, proved by mutual TLS: `<trust domain>/ns/<namespace>/sa/<account>`; '' = not known. */
  readonly principal: string;
}

/** How many requests a block has counted. */
export function requestsOf(values: ArrayLike<number>, base = 0): number {
  let sum = 0;
  for (let i = 0; i <= DURATION_BOUNDS.length; i++) sum += values[base + AT_DURATION + i];
  return sum;
}
