/**
 * Makes a head of the fields of one section, as the decoder finds them, and refuses what RFC 9113 8.2 and 8.3 call malformed
 * and what HTTP/1.1 refuses here too: nothing passes in one protocol that is refused in the other.
 */
import { constantBytes, equalsLower } from '../http1/bytes.ts';
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_EXPECT,
  FIELD_HOP,
  FIELD_HOST,
  FIELD_KEEP_ALIVE,
  FIELD_OTHER,
  FIELD_TE,
  FIELD_TE_TRAILERS,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
} from '../http1/http1-head.ts';
import { ENTRY_OVERHEAD } from './dynamic-table.ts';
import { BAD_NAME, BAD_VALUE, FIRST_PSEUDO, PSEUDO_UNKNOWN } from './hpack-kinds.ts';
import { placePseudo, settleRequest } from './hpack-pseudo.ts';
import { parseLength } from './hpack-values.ts';
import { type HeadKind, Http2Head } from './http2-head.ts';

const TRAILERS = constantBytes('trailers');
const CONTINUE = constantBytes('100-continue');
const HTTP2_SETTINGS_LENGTH = 14;
const NO_HEAD = new Http2Head(0);

export class SectionReader {
  /** Why the message is malformed, or ''. */
  problem = '';
  isTooLarge = false;
  readonly #bytes: Uint8Array;
  readonly #listBytes: number;
  #head = NO_HEAD;
  #mostFields = 0;
  #kind: HeadKind = 'request';
  /** What the names, values and 32 for each field may still sum up to. */
  bytesLeft = 0;
  /** Bits of the pseudo-header fields seen. */
  #pseudo = 0;
  #fields = 0;
  #hostField = -1;

  constructor(bytes: Uint8Array, listBytes: number) {
    this.#bytes = bytes;
    this.#listBytes = listBytes;
  }

  /** Before the first field. */
  begin(kind: HeadKind, head: Http2Head): void {
    head.reset(kind === 'request');
    this.problem = '';
    this.isTooLarge = false;
    this.#head = head;
    this.#mostFields = head.nameAt.length;
    this.#kind = kind;
    this.bytesLeft = this.#listBytes;
    this.#pseudo = 0;
    this.#fields = 0;
    this.#hostField = -1;
  }

  /** One field in the order of the section. `kind` as in hpack-kinds.ts, `flags` and `token` as in Http2Head. */
  add(
    kind: number,
    nameAt: number,
    nameLength: number,
    valueAt: number,
    valueLength: number,
    flags: number,
    token: number,
  ): void {
    this.bytesLeft -= nameLength + valueLength + ENTRY_OVERHEAD;
    if (this.bytesLeft < 0) this.isTooLarge = true;
    if (this.isTooLarge || this.problem !== '') return;
    if (kind >= FIRST_PSEUDO) return this.#addUnusual(kind, valueAt, valueLength, token);
    const head = this.#head;
    const i = this.#fields;
    if (i === this.#mostFields) {
      this.isTooLarge = true;
      return;
    }
    this.#fields = i + 1;
    head.nameAt[i] = nameAt;
    head.nameLength[i] = nameLength;
    head.valueAt[i] = valueAt;
    head.valueLength[i] = valueLength;
    head.fieldFlags[i] = flags;
    head.fieldToken[i] = token;
    head.fieldKind[i] = kind === FIELD_OTHER ? FIELD_OTHER : this.#settle(kind, i);
  }

  /** After the last field. False: malformed, see `problem`. */
  finish(): boolean {
    this.#head.fieldCount = this.#fields;
    if (this.problem === '' && this.#kind === 'request') {
      this.problem = settleRequest(this.#bytes, this.#head, this.#pseudo, this.#hostField);
    } else if (this.problem === '' && this.#kind === 'response' && this.#pseudo === 0) {
      this.problem = 'the response has no :status';
    }
    return this.problem === '';
  }

  /** Pseudo-header fields, and fields that no message may have. */
  #addUnusual(kind: number, at: number, length: number, token: number): void {
    if ((kind & BAD_VALUE) !== 0) this.problem = 'a field value has a character or blanks that are not allowed there';
    else if (kind === BAD_NAME) this.problem = 'a field name is empty, has upper-case letters or is not a token';
    else if (kind === PSEUDO_UNKNOWN) this.problem = 'a pseudo-header field is unknown';
    else if (this.#fields > 0) this.problem = 'a pseudo-header field follows a regular field';
    else {
      const bit = 1 << (kind - FIRST_PSEUDO);
      if ((this.#pseudo & bit) !== 0) this.problem = 'a pseudo-header field comes twice';
      else this.problem = placePseudo(this.#bytes, this.#head, this.#kind, kind, at, length, token);
      this.#pseudo |= bit;
    }
  }

  /** Acts on a field that matters to the codec; returns its FIELD_ kind. */
  #settle(kind: number, i: number): number {
    const head = this.#head;
    const at = head.valueAt[i];
    const length = head.valueLength[i];
    switch (kind) {
      case FIELD_TE:
        if (this.#kind === 'request' && equalsLower(this.#bytes, at, length, TRAILERS)) return FIELD_TE_TRAILERS;
        this.problem = 'TE says more than trailers';
        return kind;
      case FIELD_CONTENT_LENGTH:
        return this.#kind === 'trailers' ? FIELD_OTHER : this.#settleLength(at, length);
      case FIELD_EXPECT:
        if (this.#kind !== 'request') return FIELD_OTHER;
        if (equalsLower(this.#bytes, at, length, CONTINUE)) head.expectContinue = true;
        return kind;
      case FIELD_HOST:
        if (this.#kind !== 'request') return FIELD_OTHER;
        if (this.#hostField >= 0) this.problem = 'there are two Host fields';
        this.#hostField = i;
        return kind;
      case FIELD_HOP:
        if (head.nameLength[i] === HTTP2_SETTINGS_LENGTH) return kind;
        break;
      case FIELD_CONNECTION:
      case FIELD_KEEP_ALIVE:
      case FIELD_UPGRADE:
      case FIELD_TRANSFER_ENCODING:
        break;
    }
    this.problem = 'a connection-specific field is not allowed in HTTP/2';
    return kind;
  }

  #settleLength(at: number, length: number): number {
    const head = this.#head;
    if (head.contentLength >= 0) this.problem = 'there are two Content-Length fields';
    head.contentLength = parseLength(this.#bytes, at, length, head.isRequest);
    if (head.contentLength < 0) this.problem = 'Content-Length is not a plain number';
    return FIELD_CONTENT_LENGTH;
  }
}
