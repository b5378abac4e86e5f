/**
 * The head of a message, whichever protocol it came in, as numbers: what routing, policy and the writers of both protocols
 * read. All `…At` are offsets into the slab; they are valid until the codec that filled the object reads its next head.
 */

export class MessageHead {
  isRequest = true;
  methodAt = 0;
  methodLength = 0;
  isHead = false;
  isConnect = false;
  targetAt = 0;
  targetLength = 0;
  /** HTTP/1.1: the target is an absolute URI: its authority overrules Host (RFC 9112 3.2.2). */
  absoluteForm = false;
  /** Path without query. Length 0: `/` (absolute form without a path) or none at all (CONNECT, `*`). */
  pathAt = 0;
  pathLength = 0;
  /** What follows `?`; length 0: none. */
  queryAt = 0;
  queryLength = 0;
  /** host[:port] that the request is for: from the absolute or authority form or `:authority` if used, else from Host. Length 0: none. */
  authorityAt = 0;
  authorityLength = 0;
  /** Responses: the status code. */
  status = 0;
  /** Regular fields; pseudo-header fields are not among them. */
  fieldCount = 0;
  readonly nameAt: Int32Array;
  readonly nameLength: Int32Array;
  readonly valueAt: Int32Array;
  /** Without surrounding blanks. */
  readonly valueLength: Int32Array;
  /** What the codec that filled it makes of each field (its FIELD_ constants). */
  readonly fieldKind: Uint8Array;
  /** What Content-Length said, exact up to 2^53 - 1; -1 = nothing. */
  contentLength = -1;
  /** `Expect: 100-continue`. */
  expectContinue = false;

  constructor(nameAt: Int32Array, nameLength: Int32Array, valueAt: Int32Array, valueLength: Int32Array) {
    this.nameAt = nameAt;
    this.nameLength = nameLength;
    this.valueAt = valueAt;
    this.valueLength = valueLength;
    this.fieldKind = new Uint8Array(nameAt.length);
  }

  reset(isRequest: boolean): void {
    this.isRequest = isRequest;
    this.methodLength = 0;
    this.isHead = false;
    this.isConnect = false;
    this.absoluteForm = false;
    this.targetLength = 0;
    this.pathLength = 0;
    this.queryLength = 0;
    this.authorityLength = 0;
    this.status = 0;
    this.fieldCount = 0;
    this.contentLength = -1;
    this.expectContinue = false;
  }
}
