/**
 * Envoy's response flags, as far as they occur, with the HTTP status and the gRPC status of each. Where Envoy has no status of its
 * own for a flag, the gRPC status is what its table makes of the HTTP status (400 -> INTERNAL, 404 -> UNIMPLEMENTED, 502 to 504 ->
 * UNAVAILABLE); our own deadline is DEADLINE_EXCEEDED, an invalid backend UNAVAILABLE (GEP-1016).
 */
export const RESPONSE_FLAGS = {
  /** Downstream connection termination: the client went away first, or cancelled. */
  DC: { status: 0, grpcStatus: 1, meaning: 'the client closed the connection' },
  /** Denied by an AuthorizationPolicy (403), or the token is not good (401). */
  UAEX: { status: 403, grpcStatus: 7, meaning: 'a policy denied it' },
  /** Downstream protocol error. */
  DPE: { status: 400, grpcStatus: 13, meaning: 'the request was refused' },
  /** A host name that is no service was not resolved. */
  DF: { status: 503, grpcStatus: 14, meaning: 'the host name could not be resolved' },
  NR: { status: 404, grpcStatus: 12, meaning: 'no route matches' },
  NC: { status: 500, grpcStatus: 14, meaning: 'the route names a backend that does not exist' },
  UH: { status: 503, grpcStatus: 14, meaning: 'no healthy endpoint' },
  UF: { status: 503, grpcStatus: 14, meaning: 'the endpoint could not be reached' },
  UC: { status: 503, grpcStatus: 14, meaning: 'the endpoint closed the connection' },
  /** Upstream remote reset: HTTP/2 only. */
  UR: { status: 503, grpcStatus: 14, meaning: 'the endpoint reset the stream' },
  /** Upstream retry limit exceeded: the answer of the last try was passed on, which the rule would have had repeated. */
  URX: { status: 503, grpcStatus: 14, meaning: 'the tries of the route were used up' },
  UT: { status: 504, grpcStatus: 4, meaning: 'the request timed out' },
  UPE: { status: 502, grpcStatus: 14, meaning: 'the answer of the endpoint was refused' },
  UO: { status: 503, grpcStatus: 14, meaning: 'a limit of the proxy is reached' },
  RL: { status: 429, grpcStatus: 8, meaning: 'a rate limit is reached' },
  /** Rate limit service error: nobody could be asked, and the policy denies requests then. */
  RLSE: { status: 429, grpcStatus: 8, meaning: 'a rate limit cannot be asked for' },
  /** Delay injected: the request was answered all the same. */
  DI: { status: 0, grpcStatus: 0, meaning: 'the request was delayed on purpose' },
  /** Fault injected; the statuses are those of the rule. */
  FI: { status: 503, grpcStatus: 14, meaning: 'the request was aborted on purpose' },
  /** Upstream maximum stream duration reached. */
  UMSDR: { status: 504, grpcStatus: 4, meaning: 'the request took as long as a stream may' },
  /** Idle or head timeout of the client. */
  SI: { status: 408, grpcStatus: 14, meaning: 'the client was silent for too long' },
} as const satisfies Record<string, { readonly status: number; readonly grpcStatus: number; readonly meaning: string }>;

export type ResponseFlag = keyof typeof RESPONSE_FLAGS;
