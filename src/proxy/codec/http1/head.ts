/**
 * Reads a whole head that lies in one piece in memory: the start line here, the fields by llhttp in strict mode (name and
 * value characters, line breaks, folding), then the rules that llhttp does not check. Allocates nothing per message.
 */
import { isBlank } from './bytes.ts';
import { classifyFields } from './classify-fields.ts';
import { decideRequestFraming, decideResponseFraming, type RequestKind } from './decide-framing.ts';
import {
  FIELD_CONTENT_LENGTH,
  FIELD_TRANSFER_ENCODING,
  FRAMING_NONE,
  Http1Head,
  NEED_MORE,
  OPTION_UPGRADE,
  REFUSED,
  refuse,
} from './http1-head.ts';
import { type Llhttp, type ParserType, REQUEST, RESPONSE } from './llhttp.ts';
import { readFields } from './read-fields.ts';
import type { RefusalId } from './refusals.ts';
import { LLHTTP_OK, LLHTTP_PAUSED, LLHTTP_USER, Spans } from './spans.ts';
import { parseRequestLine, parseStatusLine } from './start-line.ts';

export type { RequestKind } from './decide-framing.ts';
export * from './http1-head.ts';

export interface HeadLimits {
  /** Method to version, without CRLF; above: 414. */
  readonly requestLineBytes: number;
  /** The whole head with its last CRLF; above: 431. */
  readonly headBytes: number;
  /** Header lines; above: 431. */
  readonly fields: number;
}
export const DEFAULT_HEAD_LIMITS: HeadLimits = { requestLineBytes: 8192, headBytes: 65_536, fields: 200 };

/** llhttp's error numbers that deserve a sentence of their own. */
const HPE_LF_EXPECTED = 3;
const HPE_UNEXPECTED_CONTENT_LENGTH = 4;
const HPE_INVALID_CONTENT_LENGTH = 11;
const HPE_INVALID_TRANSFER_ENCODING = 15;
const HPE_CR_EXPECTED = 25;
const HPE_UNEXPECTED_SPACE = 30;

const METHOD_GET = 0x474554;

export class HeadParser {
  readonly head: Http1Head;
  readonly #llhttp: Llhttp;
  readonly #limits: HeadLimits;
  readonly #spans: Spans;
  readonly #parser: number;
  readonly #request: number;
  readonly #response: number;

  /** Takes one parser of `llhttp` for good. */
  constructor(llhttp: Llhttp, limits: HeadLimits = DEFAULT_HEAD_LIMITS) {
    this.#llhttp = llhttp;
    this.#limits = limits;
    this.#spans = new Spans(limits.fields, 1);
    this.head = new Http1Head(this.#spans);
    this.#parser = llhttp.acquireParser();
    if (this.#parser === 0) throw new Error('no parser left for message heads');
    this.#request = llhttp.snapshotAfter(REQUEST, 'GET / HTTP/1.1\r\n', this.#spans);
    this.#response = llhttp.snapshotAfter(RESPONSE, 'HTTP/1.1 200 OK\r\n', this.#spans);
  }

  /**
   * Parses the request head in the `length` bytes at `at`. No state is kept between calls: with too few bytes, call again
   * once more have arrived.
   * @param seen how many of the bytes an earlier call already answered with 0; makes slow arrival cost linear time.
   * @returns bytes of the head including skipped empty lines (> 0), 0 = need more, < 0 = refused (see `head.refusal`).
   */
  parseRequest(at: number, length: number, seen = 0): number {
    if (seen > 0 && this.#isHopeless(at, length, seen)) return NEED_MORE;
    const { head } = this;
    const { bytes } = this.#llhttp;
    head.reset(true);
    const fieldsAt = parseRequestLine(bytes, at, at + length, this.#limits.requestLineBytes, head);
    if (fieldsAt === REFUSED) return REFUSED;
    if (fieldsAt === NEED_MORE) return this.#needMore(length);
    const end = this.#parseFields(fieldsAt, at, length, REQUEST);
    if (end <= 0) return end;
    const refusal = readFields(bytes, head) ?? decideRequestFraming(bytes, head) ?? this.#settleUpgrade();
    return refusal === null ? end - at : refuse(head, refusal);
  }

  /** As `parseRequest`, for the response to a request of that kind. 1xx responses are heads of their own. */
  parseResponse(at: number, length: number, kind: RequestKind, seen = 0): number {
    if (seen > 0 && this.#isHopeless(at, length, seen)) return NEED_MORE;
    const { head } = this;
    const { bytes } = this.#llhttp;
    head.reset(false);
    const fieldsAt = parseStatusLine(bytes, at, at + length, head);
    if (fieldsAt === REFUSED) return REFUSED;
    if (fieldsAt === NEED_MORE) return this.#needMore(length);
    const end = this.#parseFields(fieldsAt, at, length, RESPONSE);
    if (end <= 0) return end;
    const refusal = readFields(bytes, head) ?? decideResponseFraming(bytes, head, kind) ?? this.#settle101(kind);
    return refusal === null ? end - at : refuse(head, refusal);
  }

  /** A head ends with LF: without a new one there is nothing new to find, unless a limit was crossed. */
  #isHopeless(at: number, length: number, seen: number): boolean {
    const { bytes } = this.#llhttp;
    const { requestLineBytes, headBytes } = this.#limits;
    if (length > headBytes || (seen <= requestLineBytes && length > requestLineBytes)) return false;
    for (let i = at + seen; i < at + length; i++) if (bytes[i] === 0x0a) return false;
    return true;
  }

  #needMore(length: number): number {
    return length > this.#limits.headBytes ? refuse(this.head, 'head-too-large') : NEED_MORE;
  }

  /** Fields up to the empty line. Returns the offset after it, NEED_MORE or REFUSED. */
  #parseFields(fieldsAt: number, at: number, length: number, type: ParserType): number {
    const spans = this.#spans;
    const parser = this.#parser;
    const { head } = this;
    spans.clear();
    this.#llhttp.restore(parser, type === REQUEST ? this.#request : this.#response);
    const code = this.#llhttp.execute(parser, fieldsAt, at + length - fieldsAt, spans);
    if (code === LLHTTP_OK) return this.#needMore(length);
    if (code !== LLHTTP_PAUSED) return refuse(head, this.#explain(code, at + length));
    const end = this.#llhttp.errorPosition(parser);
    if (end - at > this.#limits.headBytes) return refuse(head, 'head-too-large');
    head.endAt = end;
    classifyFields(this.#llhttp.bytes, head, spans.fieldCount);
    return end;
  }

  /** The refusal for llhttp's error number. */
  #explain(code: number, end: number): RefusalId {
    switch (code) {
      case LLHTTP_USER:
        return 'too-many-fields';
      case HPE_LF_EXPECTED:
      case HPE_CR_EXPECTED:
        return 'bare-line-break';
      case HPE_UNEXPECTED_SPACE:
        return 'space-before-colon';
      case HPE_INVALID_CONTENT_LENGTH:
        return this.#saw(FIELD_TRANSFER_ENCODING) ? 'length-and-encoding' : 'bad-length';
      case HPE_UNEXPECTED_CONTENT_LENGTH:
        return this.#saw(FIELD_TRANSFER_ENCODING) ? 'length-and-encoding' : 'two-lengths';
      case HPE_INVALID_TRANSFER_ENCODING:
        return this.#saw(FIELD_CONTENT_LENGTH) ? 'length-and-encoding' : 'bad-encoding';
      default:
        return this.#failedAtBlank(end) ? 'space-before-colon' : 'bad-field';
    }
  }

  #failedAtBlank(end: number): boolean {
    const at = this.#llhttp.errorPosition(this.#parser);
    return at < end && isBlank(this.#llhttp.bytes[at]);
  }

  #saw(kind: number): boolean {
    classifyFields(this.#llhttp.bytes, this.head, this.#spans.fieldCount);
    return this.head.fieldKind.subarray(0, this.head.fieldCount).includes(kind);
  }

  /** WebSocket is offered by a GET of HTTP/1.1 that says `Connection: upgrade`; other offers are cut when forwarded. */
  #settleUpgrade(): RefusalId | null {
    const { head } = this;
    if (head.upgradeLength === 0 || (head.connectionOptions & OPTION_UPGRADE) === 0 || head.versionMinor === 0)
      return null;
    const { bytes } = this.#llhttp;
    const at = head.methodAt;
    const name = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    if (head.methodLength !== 3 || name !== METHOD_GET) return null;
    if (head.framing !== FRAMING_NONE) return 'upgrade-with-body';
    head.upgrade = true;
    return null;
  }

  /** A tunnel begins only after 101 with the protocol that was offered (RFC 9110 15.2.2). */
  #settle101(kind: RequestKind): RefusalId | null {
    const { head } = this;
    if (head.status !== 101) return null;
    if (kind !== 'upgrade' || head.upgradeLength === 0 || (head.connectionOptions & OPTION_UPGRADE) === 0) {
      return 'unexpected-101';
    }
    head.upgrade = true;
    return null;
  }
}
