/** Bytes of one line after another in a buffer of fixed size; nothing is made for a line. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DASH = 0x2d;
const ZERO = 0x30;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
/** Shorter texts are copied byte by byte: a call costs more. */
const BY_CALL = 32;

/** Bytes that can stand in a JSON string, and in a line of text, as they are. */
const PLAIN = new Uint8Array(256);
for (let i = 0x20; i < 0x7f; i++) if (i !== QUOTE && i !== BACKSLASH) PLAIN[i] = 1;

export class LineWriter {
  readonly bytes: Buffer;
  at = 0;

  /** @param size bytes */
  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  /** Bytes that are known to be fit for the line. */
  literal(piece: Uint8Array): void {
    const { bytes } = this;
    const at = this.at;
    const n = piece.length;
    if (n > BY_CALL) bytes.set(piece, at);
    else for (let i = 0; i < n; i++) bytes[at + i] = piece[i];
    this.at = at + n;
  }

  /** Bytes from anywhere: what is no plain ASCII becomes `\u00XX` (`\xXX` where `isText`), as do quotes and backslashes. */
  escaped(from: Uint8Array, start: number, length: number, isText: boolean): void {
    const { bytes } = this;
    let at = this.at;
    for (let i = start; i < start + length; i++) {
      const byte = from[i];
      if (PLAIN[byte] === 1) bytes[at++] = byte;
      else at = isText ? hexEscape(bytes, at, byte) : unicodeEscape(bytes, at, byte);
    }
    this.at = at;
  }

  text(text: string, isText: boolean): void {
    const { bytes } = this;
    let at = this.at;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i) & 0xff;
      if (PLAIN[code] === 1) bytes[at++] = code;
      else at = isText ? hexEscape(bytes, at, code) : unicodeEscape(bytes, at, code);
    }
    this.at = at;
  }

  byte(byte: number): void {
    this.bytes[this.at++] = byte;
  }

  /** A whole number. */
  number(value: number): void {
    const { bytes } = this;
    let rest = Math.round(value);
    if (rest < 0) {
      bytes[this.at++] = DASH;
      rest = -rest;
    }
    let digits = 1;
    for (let limit = 10; rest >= limit; limit *= 10) digits++;
    for (let i = digits - 1; i >= 0; i--) {
      const next = Math.floor(rest / 10);
      bytes[this.at + i] = ZERO + (rest - next * 10);
      rest = next;
    }
    this.at += digits;
  }

  /** Eight hexadecimal digits. */
  hexWord(word: number): void {
    const { bytes, at } = this;
    for (let i = 7, rest = word; i >= 0; i--, rest >>>= 4) bytes[at + i] = HEX[rest & 15];
    this.at = at + 8;
  }
}

function hexEscape(bytes: Buffer, at: number, byte: number): number {
  bytes[at] = BACKSLASH;
  bytes[at + 1] = 0x78;
  bytes[at + 2] = HEX[byte >> 4];
  bytes[at + 3] = HEX[byte & 15];
  return at + 4;
}

function unicodeEscape(bytes: Buffer, at: number, byte: number): number {
  bytes[at] = BACKSLASH;
  if (byte === QUOTE || byte === BACKSLASH) {
    bytes[at + 1] = byte;
    return at + 2;
  }
  bytes[at + 1] = 0x75;
  bytes[at + 2] = ZERO;
  bytes[at + 3] = ZERO;
  bytes[at + 4] = HEX[byte >> 4];
  bytes[at + 5] = HEX[byte & 15];
  return at + 6;
}
