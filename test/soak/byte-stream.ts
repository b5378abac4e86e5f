/** Both halves of a stream of bytes; client and server do the same, with the directions exchanged. */
import { type Direction, PatternCheck, patternBytes } from './pattern.ts';
import { between, chance, pause, Wrong } from './plan.ts';
import { Cut, type Wire } from './wire.ts';

export interface Half {
  readonly stream: number;
  readonly direction: Direction;
  readonly bytes: number;
  /** Reset instead of FIN after this many bytes; null = all bytes and a FIN. */
  readonly resetAfter: number | null;
}

export async function sendHalf(wire: Wire, half: Half): Promise<void> {
  const total = half.resetAfter ?? half.bytes;
  for (let sent = 0; sent < total; ) {
    const length = Math.min(total - sent, between(1, chance(0.5) ? 64 : 131_072));
    await wire.write(patternBytes(half.stream, half.direction, sent, length));
    sent += length;
  }
  if (half.resetAfter === null) return wire.end();
  await pause(between(0, 20));
  wire.reset();
}

/**
 * Reads until the other side ends, and checks every byte.
 * @param slowly pauses between reads, so that buffers fill up on the way
 * @throws Wrong for bytes that should not be there; Cut when it ends in another way than announced
 */
export async function receiveHalf(wire: Wire, half: Half, slowly: boolean): Promise<number> {
  const check = new PatternCheck(half.stream, half.direction);
  try {
    for (let chunk = await wire.some(); chunk !== null; chunk = await wire.some()) {
      const wrong = check.take(chunk);
      if (wrong !== null) throw new Wrong(wrong);
      if (check.seen > half.bytes) throw new Wrong(`stream ${half.stream}: ${check.seen} bytes of ${half.bytes}`);
      if (slowly) await pause(between(0, 15));
    }
  } catch (error) {
    if (error instanceof Cut && error.how === 'reset' && half.resetAfter !== null) return check.seen;
    throw error;
  }
  const seen = `after ${check.seen} of ${half.bytes} bytes ${half.direction}`;
  if (half.resetAfter !== null) throw new Cut('fin', `${seen}, where a reset was sent`);
  if (check.seen < half.bytes) throw new Cut('fin', seen);
  return check.seen;
}
