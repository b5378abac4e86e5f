/** Times as logs write them. The text of the second is kept: most lines share it with the one before. */
import { type Piece, pieceOf } from '../../core/piece.ts';
import type { LineWriter } from './line-writer.ts';

let second = -1;
let piece: Piece = pieceOf('');

/** `2026-11-29T03:00:00.123Z`. @param ms wall clock */
export function writeIsoTime(out: LineWriter, ms: number): void {
  const whole = Math.floor(ms / 1000);
  if (whole !== second) {
    second = whole;
    piece = pieceOf(new Date(whole * 1000).toISOString().slice(0, 20));
  }
  out.literal(piece);
  out.threeDigits(Math.floor(ms - whole * 1000));
  out.byte(0x5a);
}
