/**
 * Where everything stands in a record of the ring, as bytes from its beginning. Numbers come first, then texts, each with its
 * length in two bytes (little-endian) before it, in the order of the TEXT_ places; those of formats follow.
 */

export const RECORD_ALIGN = 8;

export const KIND_PAD = 0;
/** A word that later records name by its number: number, then the text as the one text. */
export const KIND_WORD = 1;
/** All words are forgotten: their numbers are given out anew. */
export const KIND_FORGET = 2;
export const KIND_REQUEST = 3;
export const KIND_CONNECTION = 4;

// Of every record.
export const AT_LENGTH = 0;
export const AT_KIND = 4;
/** KIND_WORD. */
export const AT_WORD_NUMBER = 8;
export const WORD_HEAD = 12;

// Of requests and connections. Doubles: ms of the wall clock, ms, ms since the start (-1: none), bytes.
export const AT_STARTED = 8;
export const AT_DURATION = 16;
export const AT_FIRST_BYTE = 24;
export const AT_RECEIVED = 32;
export const AT_SENT = 40;
/** 32-bit numbers from here on. */
export const AT_STATUS = 48;
/** -1: none. */
export const AT_GRPC_STATUS = 52;
export const AT_ATTEMPTS = 56;
export const AT_BITS = 60;
/** Which rules were in force; main knows their fields and formats. */
export const AT_RULES = 64;
/** Index of the log's rule among them, -1: none; and of tracing's. */
export const AT_LOG_RULE = 68;
export const AT_TRACE_RULE = 72;
/** Number of the request on its connection. */
export const AT_REQUEST = 76;
/** Of a request id that we made; 0: it came with one, or has none. */
export const AT_REQUEST_NUMBER = 80;
/** Words. */
export const AT_SERVICE = 84;
export const AT_ROUTE = 88;
export const AT_CLUSTER = 92;
export const AT_ENDPOINT = 96;
export const AT_FLAG = 100;
/** How a connection ended; verdict of sniffing. */
export const AT_ENDING = 104;
/** What of the flag's sentence has a place in metrics: a fixed phrase such as the reason of the verdict. */
export const AT_REASON = 108;
/** Trace id (4 words), span id (2), parent span id (2; 0 0: none). */
export const AT_TRACE = 112;
export const AT_TEXTS = 144;

/** Bits. */
export const BIT_INBOUND = 1;
export const BIT_HTTP2 = 2;
/** The rule wants it logged. */
export const BIT_LOGGED = 4;
/** A span is to be exported. */
export const BIT_SAMPLED = 8;
/** The proxy itself answered, refused or reset. */
export const BIT_FAILED = 16;
/** A trace id is there. */
export const BIT_TRACED = 32;
/** HTTP/1.0 */
export const BIT_OLD = 64;
export const BIT_GRPC = 128;
/** Somebody watches. */
export const BIT_TAPPED = 256;

// Texts of every record.
export const TEXT_CONNECTION = 0;
export const TEXT_CLIENT = 1;
export const TEXT_DESTINATION = 2;
/** `spiffe://...` that the peer has shown, '' = none. */
export const TEXT_PRINCIPAL = 3;
/** The sentence. */
export const TEXT_DETAIL = 4;
/** What happened between: JSON array of RecordEvent, '' = nothing. */
export const TEXT_EVENTS = 5;
/** Of requests: what the client called it. */
export const TEXT_REQUEST_ID = 6;
export const TEXT_METHOD = 7;
/** Path and query, as received. */
export const TEXT_TARGET = 8;
export const TEXT_AUTHORITY = 9;
/** Fields of the request that formats want, then those of the answer. */
export const TEXT_FIELDS = 10;
/** Most fields of requests, and of answers. */
export const MAX_FIELDS = 24;

/** A try that came to nothing, and was followed by another. */
export interface RecordEvent {
  /** ms since the request began. */
  readonly ms: number;
  readonly name: string;
  readonly endpoint: string;
}
