/** How a request came to nothing at its endpoint. */
export type Loss =
  /** No connection could be had. */
  | 'unreachable'
  /** The connection was lost. */
  | 'lost'
  /** The endpoint reset the stream. */
  | 'reset'
  /** It broke the protocol. */
  | 'malformed'
  /** No stream became free in time, or too many requests wait for one. */
  | 'crowded'
  /** The time for one try was up. */
  | 'slow'
  /** A circuit breaker is open. */
  | 'full';
