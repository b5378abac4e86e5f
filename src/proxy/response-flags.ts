/** Envoy's response flags, as far as they occur, with the HTTP status and gRPC-independent meaning of each. */
export const RESPONSE_FLAGS = {
  /** Downstream connection termination: the client went away first. */
  DC: { status: 0, meaning: 'the client closed the connection' },
  /** Downstream protocol error. */
  DPE: { status: 400, meaning: 'the request was refused' },
  NR: { status: 404, meaning: 'no route matches' },
  NC: { status: 500, meaning: 'the route names a backend that does not exist' },
  UH: { status: 503, meaning: 'no healthy endpoint' },
  UF: { status: 503, meaning: 'the endpoint could not be reached' },
  UC: { status: 503, meaning: 'the endpoint closed the connection' },
  UT: { status: 504, meaning: 'the request timed out' },
  UPE: { status: 502, meaning: 'the answer of the endpoint was refused' },
  UO: { status: 503, meaning: 'a limit of the proxy is reached' },
  /** Idle or head timeout of the client. */
  SI: { status: 408, meaning: 'the client was silent for too long' },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>;

export type ResponseFlag = keyof typeof RESPONSE_FLAGS;
