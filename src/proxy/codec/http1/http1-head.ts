/** What a parsed head says, as numbers. */
import { MessageHead } from '../message-head.ts';
import { type Refusal, type RefusalId, refusal } from './refusals.ts';
import type { Spans } from './spans.ts';

export const FRAMING_NONE = 0;
export const FRAMING_LENGTH = 1;
export const FRAMING_CHUNKED = 2;
/** Responses only: the body ends with the connection. */
export const FRAMING_UNTIL_CLOSE = 3;
export type Framing = 0 | 1 | 2 | 3;

/** Bits of `connectionOptions`. */
export const OPTION_CLOSE = 1;
export const OPTION_KEEP_ALIVE = 2;
export const OPTION_UPGRADE = 4;
export const OPTION_TE = 8;
/** Names a field of the message, or something unknown. */
export const OPTION_OTHER = 16;

/** `fieldKind`: the fields that the codec itself acts on. */
export const FIELD_OTHER = 0;
export const FIELD_HOST = 1;
export const FIELD_CONTENT_LENGTH = 2;
export const FIELD_TRANSFER_ENCODING = 3;
export const FIELD_CONNECTION = 4;
/** Keep-Alive, Proxy-Connection, HTTP2-Settings: between neighbours only, never forwarded. */
export const FIELD_HOP = 5;
/** TE with any value but `trailers`. */
export const FIELD_TE = 6;
export const FIELD_TE_TRAILERS = 7;
export const FIELD_UPGRADE = 8;
export const FIELD_KEEP_ALIVE = 9;
export const FIELD_EXPECT = 10;

export const MAX_NOMINATED = 32;

/** One reused object: valid until the next parse call of its HeadParser. */
export class Http1Head extends MessageHead {
  /** First byte of the start line (after tolerated empty lines) and first byte after the head. */
  startAt = 0;
  endAt = 0;
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  versionMinor = 1;
  /** Body bytes are counted by `contentLength` with FRAMING_LENGTH only (a HEAD's or 304's length is no framing). */
  framing: Framing = FRAMING_NONE;
  /** The sender keeps the connection open after this message. */
  keepAlive = true;
  /** Request: offers WebSocket (GET, no body). Response: 101 that accepts it. */
  upgrade = false;
  /** The `websocket` token as sent. */
  upgradeAt = 0;
  upgradeLength = 0;
  /** Index of the Host field, -1 if absent. */
  hostField = -1;
  /** Response `Keep-Alive: timeout=N` in ms, -1 if absent. */
  keepAliveTimeoutMs = -1;
  /** OPTION_ bits of all Connection fields together. */
  connectionOptions = 0;
  /** Field names that Connection nominates. */
  nominatedCount = 0;
  readonly nominatedAt = new Int32Array(MAX_NOMINATED);
  readonly nominatedLength = new Int32Array(MAX_NOMINATED);
  /** Fields that are, or may have to be, cut when the head is forwarded. */
  hopFields = 0;
  /** Content-Length and Transfer-Encoding fields. */
  framingFields = 0;
  /** The status forbids a body and so these lines: cut Content-Length and Transfer-Encoding (RFC 9110 8.6, RFC 9112 6.1). */
  cutFraming = false;
  /** Set when the last parse returned a negative number. */
  refusal: Refusal | null = null;

  constructor(spans: Spans) {
    super(spans.nameAt, spans.nameLength, spans.valueAt, spans.valueLength);
  }

  override reset(isRequest: boolean): void {
    super.reset(isRequest);
    this.framing = FRAMING_NONE;
    this.keepAlive = true;
    this.upgrade = false;
    this.upgradeLength = 0;
    this.hostField = -1;
    this.keepAliveTimeoutMs = -1;
    this.connectionOptions = 0;
    this.nominatedCount = 0;
    this.hopFields = 0;
    this.framingFields = 0;
    this.cutFraming = false;
    this.refusal = null;
  }
}

/** Notes why the message is refused and returns REFUSED. */
export function refuse(head: Http1Head, id: RefusalId): typeof REFUSED {
  head.refusal = refusal(id, head.isRequest);
  return REFUSED;
}

export const NEED_MORE = 0;
export const REFUSED = -1;
