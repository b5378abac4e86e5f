/** What a decoded field section says, as numbers. */
import { MessageHead } from '../message-head.ts';

/** What a field section is; decides which pseudo-header fields it must have (RFC 9113 8.3). */
export type HeadKind = 'request' | 'response' | 'trailers';

/** Results of a decoding. */
export const DECODED = 0;
/** RFC 7541: the table can no longer be trusted, so the connection ends with COMPRESSION_ERROR. */
export const COMPRESSION_ERROR = -1;
/** RFC 9113 8.1.1: this message alone is refused (PROTOCOL_ERROR of the stream, or 400); the table is right. */
export const MALFORMED = -2;
/** More than the advertised SETTINGS_MAX_HEADER_LIST_SIZE, or too many fields: 431; the table is right. */
export const TOO_LARGE = -3;
export type DecodeResult = 0 | -1 | -2 | -3;

/** Bit of `fieldFlags`: must stay a literal that is never indexed (RFC 7541 6.2.3). */
export const NEVER_INDEXED = 1;
/** Bit of `fieldFlags`: the sender referred to an entry that already stood in its table. */
export const REPEATED = 2;

/**
 * One reused object: valid until the next decoding with the same head or the same HeadArea. `fieldKind` uses the FIELD_
 * constants of http1-head.ts. A Host field stays among the fields (FIELD_HOST) and is equal to `authority`.
 */
export class Http2Head extends MessageHead {
  schemeAt = 0;
  /** Length 0: none (CONNECT, responses, trailers). */
  schemeLength = 0;
  readonly fieldFlags: Uint8Array;
  /**
   * Number of the name and value: the same number means the same bytes, in whatever head of this thread. Up to 61 the index
   * in the static table; 0 = not known by number.
   */
  readonly fieldToken: Float64Array;
  methodToken = 0;
  pathToken = 0;
  authorityToken = 0;
  schemeToken = 0;
  /**
   * Heads with the same number are equal in everything; 0 = not known by number. Whoever changes a head sets it to 0, and the
   * token of what was changed.
   */
  sectionId = 0;

  /** @param maxFields heads with more fields are TOO_LARGE */
  constructor(maxFields: number) {
    super(new Int32Array(maxFields), new Int32Array(maxFields), new Int32Array(maxFields), new Int32Array(maxFields));
    this.fieldFlags = new Uint8Array(maxFields);
    this.fieldToken = new Float64Array(maxFields);
  }

  override reset(isRequest: boolean): void {
    super.reset(isRequest);
    this.schemeLength = 0;
    this.methodToken = 0;
    this.pathToken = 0;
    this.authorityToken = 0;
    this.schemeToken = 0;
    this.sectionId = 0;
  }

  /** Takes over what `other` says; it has at most as many fields as fit here. */
  assign(other: Http2Head): void {
    this.isRequest = other.isRequest;
    this.methodAt = other.methodAt;
    this.methodLength = other.methodLength;
    this.isHead = other.isHead;
    this.isConnect = other.isConnect;
    this.targetAt = other.targetAt;
    this.targetLength = other.targetLength;
    this.absoluteForm = other.absoluteForm;
    this.pathAt = other.pathAt;
    this.pathLength = other.pathLength;
    this.queryAt = other.queryAt;
    this.queryLength = other.queryLength;
    this.authorityAt = other.authorityAt;
    this.authorityLength = other.authorityLength;
    this.status = other.status;
    this.contentLength = other.contentLength;
    this.expectContinue = other.expectContinue;
    this.schemeAt = other.schemeAt;
    this.schemeLength = other.schemeLength;
    this.methodToken = other.methodToken;
    this.pathToken = other.pathToken;
    this.authorityToken = other.authorityToken;
    this.schemeToken = other.schemeToken;
    this.sectionId = other.sectionId;
    this.fieldCount = other.fieldCount;
    for (let i = 0; i < other.fieldCount; i++) {
      this.nameAt[i] = other.nameAt[i];
      this.nameLength[i] = other.nameLength[i];
      this.valueAt[i] = other.valueAt[i];
      this.valueLength[i] = other.valueLength[i];
      this.fieldKind[i] = other.fieldKind[i];
      this.fieldFlags[i] = other.fieldFlags[i];
      this.fieldToken[i] = other.fieldToken[i];
    }
  }

  /** The bytes from `from` to `to` now lie `by` further on. */
  move(from: number, to: number, by: number): void {
    const moved = (at: number) => (at >= from && at < to ? at + by : at);
    this.methodAt = moved(this.methodAt);
    this.targetAt = moved(this.targetAt);
    this.pathAt = moved(this.pathAt);
    this.queryAt = moved(this.queryAt);
    this.authorityAt = moved(this.authorityAt);
    this.schemeAt = moved(this.schemeAt);
    for (let i = 0; i < this.fieldCount; i++) {
      this.nameAt[i] = moved(this.nameAt[i]);
      this.valueAt[i] = moved(this.valueAt[i]);
    }
  }
}
