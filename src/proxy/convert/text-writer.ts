/** Puts bytes and constants one after the other into the slab. Whoever uses it has made sure that there is room. */

const DIGIT_0 = 0x30;

export class TextWriter {
  readonly bytes: Buffer;
  /** Where the next byte goes. */
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Latin1. */
  text(text: string): void {
    this.at += this.bytes.write(text, this.at, 'latin1');
  }

  constant(constant: Uint8Array): void {
    this.bytes.set(constant, this.at);
    this.at += constant.length;
  }

  copy(at: number, length: number): void {
    this.bytes.copyWithin(this.at, at, at + length);
    this.at += length;
  }

  byte(byte: number): void {
    this.bytes[this.at++] = byte;
  }

  lineBreak(): void {
    this.byte(0x0d);
    this.byte(0x0a);
  }

  /** `name: ` and the bytes at `at`. */
  line(name: string, at: number, length: number): void {
    this.text(name);
    this.copy(at, length);
    this.lineBreak();
  }

  /** Three digits. */
  status(status: number): void {
    this.byte(DIGIT_0 + Math.floor(status / 100));
    this.byte(DIGIT_0 + (Math.floor(status / 10) % 10));
    this.byte(DIGIT_0 + (status % 10));
  }
}
