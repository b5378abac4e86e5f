/**
 * Bytes that are copied again and again, four at a time: short ones cost less so than by a call into native code, or one by one.
 * What they are copied into must have room for three bytes more.
 */

const STRIDE = 4;
/** Room that must be left behind what a piece, or a text, is copied to. */
export const SLACK = STRIDE;

export class Piece {
  /** Padded to whole strides. */
  readonly view: DataView;
  readonly length: number;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(Math.ceil(bytes.length / STRIDE) * STRIDE);
    padded.set(bytes);
    this.view = new DataView(padded.buffer);
    this.length = bytes.length;
  }
}

/** Text beyond ASCII becomes UTF-8. */
export function pieceOf(text: string): Piece {
  return new Piece(Buffer.from(text, 'utf8'));
}

/** Four at a time: whole numbers of 64 bits may each become an object on the heap, and doubles do not keep every bit. */
export function copyPiece({ view, length }: Piece, to: DataView, at: number): void {
  for (let i = 0; i < length; i += STRIDE) to.setInt32(at + i, view.getInt32(i, true), true);
}

/** Copies `length` bytes from anywhere; neither reads nor writes beyond them. */
export function copyBytes(from: DataView, start: number, length: number, to: DataView, at: number): void {
  let i = 0;
  for (; i + STRIDE <= length; i += STRIDE) to.setInt32(at + i, from.getInt32(start + i, true), true);
  for (; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
}
