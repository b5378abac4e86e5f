/** Limits of one HTTP/2 session. Each has a default that is stated here and a reason. */

export interface Http2Config {
  /**
   * Streams that the peer may have open at once (SETTINGS_MAX_CONCURRENT_STREAMS). A stream costs a few hundred bytes; what
   * it may buffer is bounded for the whole session, so this can stay well above what programs with many long streams use.
   */
  readonly maxConcurrentStreams: number;
  /** Client role: streams that we open at once even if the peer allows more. */
  readonly maxOpenStreams: number;
  /**
   * Bytes that the peer may send on a new stream ahead of what was consumed (SETTINGS_INITIAL_WINDOW_SIZE). With as many streams
   * as there can be, all of them kept back, it stays within `maxKeptBytes` of whoever they are for.
   */
  readonly initialStreamWindow: number;
  /** What that grows to, by doubling, as the stream's bytes are consumed; all streams together by `maxUnconsumed`. */
  readonly streamWindow: number;
  /** Bytes that the peer may send on all streams before a WINDOW_UPDATE for the connection. */
  readonly connectionWindow: number;
  /** Bytes received and not consumed, over all streams, from which on the connection's window follows consumption. */
  readonly maxUnconsumed: number;
  /** Largest frame that we accept (SETTINGS_MAX_FRAME_SIZE), 16,384 to 65,527. Larger ones would only add delay: DATA is passed on as it arrives. */
  readonly maxFrameBytes: number;
  /** Largest decoded head (SETTINGS_MAX_HEADER_LIST_SIZE, RFC 9113 10.5.1); more is answered 431. */
  readonly maxHeaderListBytes: number;
  /** Largest encoded head, at most one chunk of the slab; more ends the connection. */
  readonly maxHeaderBlockBytes: number;
  /** CONTINUATION frames in one head. */
  readonly maxContinuations: number;
  /**
   * Server role: new requests, and bytes of their decoded fields, that one turn takes from one client; the rest of what was read
   * waits until everybody else has had a turn.
   */
  readonly requestsPerTurn: number;
  readonly headBytesPerTurn: number;
  /** Dynamic table that the peer's encoder may use (SETTINGS_HEADER_TABLE_SIZE). */
  readonly headerTableBytes: number;
  /** Dynamic table that our encoder uses if the peer allows as much. */
  readonly encoderTableBytes: number;
  /**
   * Bytes of DATA kept back for a peer that grants no window or does not read; a stream that needs more is reset. The windows
   * that we grant keep it from being reached.
   */
  readonly maxKeptBytes: number;
  /** Bytes other than DATA that may wait for a peer that does not read; with more we stop reading from it. */
  readonly maxBlockedOutput: number;
  /**
   * ms without progress after which output kept back (no window granted, or the socket full) is given up. Programs may well
   * pause that long, and what they hold is bounded; so this is long, and `shortStallMs` only counts when buffers run short.
   */
  readonly stallTimeoutMs: number;
  readonly shortStallMs: number;
  /** ms that the preface, a frame or a head may stay incomplete. */
  readonly incompleteTimeoutMs: number;
  /** ms that the peer may take to acknowledge our SETTINGS (RFC 9113 6.5.3). */
  readonly settingsTimeoutMs: number;
  /** ms between the two GOAWAYs of a graceful shutdown when the peer does not answer the PING between them. */
  readonly shutdownNoticeMs: number;
  readonly abuse: AbuseLimits;
}

/**
 * What a peer may do per second, with bursts of the same size; useful traffic adds to some of them (see abuse.ts). Over the
 * limit the connection ends with ENHANCE_YOUR_CALM.
 */
export interface AbuseLimits {
  /** Streams that the peer resets before they are complete (rapid reset, CVE-2023-44487). Each completed stream allows one more. */
  readonly peerResets: number;
  /** Streams that we reset for the peer's errors (MadeYouReset, CVE-2025-8671). */
  readonly provokedResets: number;
  /** SETTINGS frames (CVE-2019-9515). */
  readonly settings: number;
  /** PING frames (CVE-2019-9512). Each DATA frame that we send allows one more: gRPC measures its bandwidth that way. */
  readonly pings: number;
  /** DATA, HEADERS and CONTINUATION frames that carry nothing and end nothing (CVE-2019-9518). */
  readonly emptyFrames: number;
  /** WINDOW_UPDATE frames. Each DATA frame that we send allows four more. */
  readonly windowUpdates: number;
  /** PRIORITY frames and frames of unknown types (CVE-2019-9513). Each stream allows four more. */
  readonly ignoredFrames: number;
}

export const DEFAULT_HTTP2_CONFIG: Http2Config = {
  maxConcurrentStreams: 1_000,
  maxOpenStreams: 1_000,
  initialStreamWindow: 32_768,
  streamWindow: 262_144,
  connectionWindow: 1_048_576,
  maxUnconsumed: 4_194_304,
  maxFrameBytes: 16_384,
  maxHeaderListBytes: 65_536,
  maxHeaderBlockBytes: 65_536,
  maxContinuations: 64,
  requestsPerTurn: 32,
  headBytesPerTurn: 262_144,
  headerTableBytes: 4_096,
  encoderTableBytes: 4_096,
  maxKeptBytes: 33_554_432,
  maxBlockedOutput: 262_144,
  stallTimeoutMs: 900_000,
  shortStallMs: 60_000,
  incompleteTimeoutMs: 60_000,
  settingsTimeoutMs: 60_000,
  shutdownNoticeMs: 1_000,
  abuse: {
    peerResets: 500,
    provokedResets: 100,
    settings: 100,
    pings: 1_000,
    emptyFrames: 100,
    windowUpdates: 2_000,
    ignoredFrames: 1_000,
  },
};
