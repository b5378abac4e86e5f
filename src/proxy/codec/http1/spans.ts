/**
 * What the parser saw, as numbers: header fields and body pieces with their absolute offsets. One recorder is reused for
 * many messages, so that parsing allocates nothing. The methods are llhttp's callbacks; what they return is its verdict.
 */

/** llhttp return codes the codec acts on; any other non-zero code is a refused message. */
export const LLHTTP_OK = 0;
export const LLHTTP_PAUSED = 21;
/** Our own callbacks stop the parser with this when a recorder is full. */
export const LLHTTP_USER = 24;

export class Spans {
  readonly nameAt: Int32Array;
  readonly nameLength: Int32Array;
  readonly valueAt: Int32Array;
  readonly valueLength: Int32Array;
  readonly bodyAt: Int32Array;
  readonly bodyLength: Int32Array;
  fieldCount = 0;
  bodyCount = 0;
  /** The last header line (CRLFCRLF) was seen. */
  headEnded = false;
  /** The message, body and trailers included, was seen to its end. */
  messageEnded = false;
  /** More fields arrived than fit. */
  overflow = false;

  constructor(fields: number, bodies: number) {
    this.nameAt = new Int32Array(fields);
    this.nameLength = new Int32Array(fields);
    this.valueAt = new Int32Array(fields);
    this.valueLength = new Int32Array(fields);
    this.bodyAt = new Int32Array(bodies);
    this.bodyLength = new Int32Array(bodies);
  }

  clear(): void {
    this.fieldCount = 0;
    this.bodyCount = 0;
    this.headEnded = false;
    this.messageEnded = false;
    this.overflow = false;
  }

  onName(at: number, length: number): number {
    const index = this.fieldCount;
    if (index === this.nameAt.length) {
      this.overflow = true;
      return LLHTTP_USER;
    }
    this.fieldCount = index + 1;
    this.nameAt[index] = at;
    this.nameLength[index] = length;
    this.valueAt[index] = at + length;
    this.valueLength[index] = 0;
    return LLHTTP_OK;
  }

  onValue(at: number, length: number): number {
    const index = Math.max(this.fieldCount - 1, 0);
    this.valueAt[index] = at;
    this.valueLength[index] = length;
    return LLHTTP_OK;
  }

  onHeadEnd(): number {
    this.headEnded = true;
    return LLHTTP_PAUSED;
  }

  /** The caller feeds no more bytes at once than this recorder has room for: pausing inside a body is not reliable. */
  onBody(at: number, length: number): number {
    const index = this.bodyCount;
    if (index === this.bodyAt.length) return LLHTTP_USER;
    this.bodyCount = index + 1;
    this.bodyAt[index] = at;
    this.bodyLength[index] = length;
    return LLHTTP_OK;
  }

  onMessageEnd(): number {
    this.messageEnded = true;
    return LLHTTP_PAUSED;
  }
}
