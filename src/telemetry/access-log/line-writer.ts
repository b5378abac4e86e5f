/** Bytes of one line after another in a buffer of fixed size; nothing is made for a line. */
import { HEX_PAIRS } from '../../core/hex.ts';
import { copyPiece, type Piece, SLACK } from '../../core/piece.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DASH = 0x2d;
const ZERO = 0x30;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** Bytes that can stand in a JSON string, and in a line of text, as they are. */
const PLAIN = new Uint8Array(256);
for (let i = 0x20; i < 0x7f; i++) if (i !== QUOTE && i !== BACKSLASH) PLAIN[i] = 1;

/** Below this a number is written at once. */
const FEW = 1000;
/** Its digits, the first in the lowest byte. */
const DIGITS = new Int32Array(FEW);
for (let i = 0; i < FEW; i++)
  for (const [j, digit] of [...String(i)].entries()) DIGITS[i] |= digit.charCodeAt(0) << (8 * j);

export class LineWriter {
  readonly bytes: Buffer;
  readonly view: DataView;
  at = 0;

  /** @param size bytes */
  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size + SLACK);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Bytes that are known to be fit for the line. */
  literal(piece: Piece): void {
    copyPiece(piece, this.view, this.at);
    this.at += piece.length;
  }

  /** Bytes from anywhere: what is no plain ASCII becomes `\u00XX` (`\xXX` where `isText`), as do quotes and backslashes. */
  escaped(from: DataView, start: number, length: number, isText: boolean): void {
    const { view } = this;
    const end = start + length;
    let at = this.at;
    let i = start;
    for (; i + 4 <= end; i += 4, at += 4) {
      const four = from.getInt32(i, true);
      if (needsEscape(four)) break;
      view.setInt32(at, four, true);
    }
    this.at = at;
    for (; i < end; i++) this.#byte(from.getUint8(i), isText);
  }

  text(text: string, isText: boolean): void {
    for (let i = 0; i < text.length; i++) this.#byte(text.charCodeAt(i) & 0xff, isText);
  }

  #byte(byte: number, isText: boolean): void {
    if (PLAIN[byte] === 1) this.bytes[this.at++] = byte;
    else this.at = isText ? hexEscape(this.bytes, this.at, byte) : unicodeEscape(this.bytes, this.at, byte);
  }

  byte(byte: number): void {
    this.bytes[this.at++] = byte;
  }

  /** A whole number. */
  number(value: number): void {
    const whole = Math.round(value);
    if (whole >= 0 && whole < FEW) {
      this.view.setInt32(this.at, DIGITS[whole], true);
      this.at += whole < 10 ? 1 : whole < 100 ? 2 : 3;
    } else this.#long(whole);
  }

  #long(value: number): void {
    const { bytes } = this;
    let rest = value;
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

  /** Three digits. @param value whole, from 0 to 999 */
  threeDigits(value: number): void {
    const { bytes, at } = this;
    bytes[at] = ZERO + Math.floor(value / 100);
    bytes[at + 1] = ZERO + (Math.floor(value / 10) % 10);
    bytes[at + 2] = ZERO + (value % 10);
    this.at = at + 3;
  }

  /** Eight hexadecimal digits. */
  hexWord(word: number): void {
    const { view, at } = this;
    view.setUint16(at, HEX_PAIRS[word >>> 24]);
    view.setUint16(at + 2, HEX_PAIRS[(word >>> 16) & 0xff]);
    view.setUint16(at + 4, HEX_PAIRS[(word >>> 8) & 0xff]);
    view.setUint16(at + 6, HEX_PAIRS[word & 0xff]);
    this.at = at + 8;
  }
}

/** One of these four bytes is no plain one. A byte below another that is none may be taken for one: then all are looked at. */
function needsEscape(four: number): boolean {
  const quote = four ^ 0x22222222;
  const backslash = four ^ 0x5c5c5c5c;
  const control = ((four - 0x20202020) | 0) & ~four;
  const beyond = (four + 0x01010101) | 0 | four;
  const marks = (((quote - 0x01010101) | 0) & ~quote) | (((backslash - 0x01010101) | 0) & ~backslash);
  return ((control | beyond | marks) & 0x80808080) !== 0;
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
