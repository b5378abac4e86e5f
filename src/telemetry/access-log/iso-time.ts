/** Times as logs write them. The text of the second is kept: most lines share it with the one before. */
import type { LineWriter } from './line-writer.ts';

const ZERO = 0x30;
let second = -1;
let text = Buffer.alloc(0);

/** `2026-11-29T03:00:00.123Z`. @param ms wall clock */
export function writeIsoTime(out: LineWriter, ms: number): void {
  const whole = Math.floor(ms / 1000);
  if (whole !== second) {
    second = whole;
    text = Buffer.from(new Date(whole * 1000).toISOString().slice(0, 20), 'latin1');
  }
  out.literal(text);
  const rest = Math.floor(ms - whole * 1000);
  out.byte(ZERO + Math.floor(rest / 100));
  out.byte(ZERO + (Math.floor(rest / 10) % 10));
  out.byte(ZERO + (rest % 10));
  out.byte(0x5a);
}
