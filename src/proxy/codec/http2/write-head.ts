/** A field section as HEADERS and, when it is longer than one frame, CONTINUATIONs. */
import { LARGE_CHUNK } from '../../../reactor/slab.ts';
import { CONTINUATION, FLAG_END_HEADERS, FLAG_END_STREAM, FRAME_HEADER, HEADERS, writeFrameHeader } from './frames.ts';
import type { Output } from './output.ts';

/** Room that most heads fit into. */
const USUAL_HEAD = 1024;
/** Frame headers of the CONTINUATIONs of the largest head. */
const SPLIT_ROOM = 4 * FRAME_HEADER;

/** Where a section can be encoded, with room for most: `headRoom`. `finishHead` follows. @throws SlabExhausted */
export function reserveHead(output: Output): number {
  return output.reserve(USUAL_HEAD) + FRAME_HEADER;
}

/** After `reserveHead`: bytes that the section may take there. */
export function headRoom(output: Output): number {
  return output.room - FRAME_HEADER - SPLIT_ROOM;
}

/** When that was too small: the same with all the room there is. @throws SlabExhausted */
export function reserveLargeHead(output: Output): number {
  return output.reserve(LARGE_CHUNK) + FRAME_HEADER;
}

/** Puts frames around the `length` bytes of section at `at`, and commits them. */
export function finishHead(
  output: Output,
  at: number,
  length: number,
  streamId: number,
  end: boolean,
  maxFrame: number,
): void {
  const { bytes } = output;
  const start = at - FRAME_HEADER;
  const flags = end ? FLAG_END_STREAM : 0;
  if (length <= maxFrame) {
    writeFrameHeader(bytes, start, length, HEADERS, flags | FLAG_END_HEADERS, streamId);
    return output.commit(FRAME_HEADER + length);
  }
  const frames = Math.ceil(length / maxFrame);
  // From the back, so that nothing is overwritten before it has moved.
  for (let i = frames - 1; i > 0; i--) {
    const size = Math.min(maxFrame, length - i * maxFrame);
    const to = start + i * (FRAME_HEADER + maxFrame);
    const from = at + i * maxFrame;
    bytes.copyWithin(to + FRAME_HEADER, from, from + size);
    writeFrameHeader(bytes, to, size, CONTINUATION, i === frames - 1 ? FLAG_END_HEADERS : 0, streamId);
  }
  writeFrameHeader(bytes, start, maxFrame, HEADERS, flags, streamId);
  output.commit(frames * FRAME_HEADER + length);
}
