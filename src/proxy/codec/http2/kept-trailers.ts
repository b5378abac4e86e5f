/** Trailers that wait behind data kept back: the fields, copied, because their head is gone when their turn comes. */
import { LARGE_CHUNK, type Slab } from '../../../reactor/slab.ts';
import { MessageHead } from '../message-head.ts';
import { Http2Head } from './http2-head.ts';

/** Number of fields (2), and whether they came in HTTP/2 (1). */
const PREFIX = 3;
/** Length of the name (2) and of the value (3), kind (1), flags (1). */
const FIELD = 7;

/**
 * Copies the fields of `head` into a chunk.
 * @returns the chunk, or -1 when none is large enough
 * @throws SlabExhausted
 */
export function keepTrailers(slab: Slab, head: MessageHead): number {
  const { bytes } = slab;
  const flags = head instanceof Http2Head ? head.fieldFlags : null;
  let total = PREFIX;
  for (let i = 0; i < head.fieldCount; i++) total += FIELD + head.nameLength[i] + head.valueLength[i];
  if (total > LARGE_CHUNK) return -1;
  const chunk = slab.allocate(total);
  bytes.writeUInt16BE(head.fieldCount, chunk);
  bytes[chunk + 2] = flags === null ? 0 : 1;
  let to = chunk + PREFIX;
  for (let i = 0; i < head.fieldCount; i++) {
    const nameLength = head.nameLength[i];
    const valueLength = head.valueLength[i];
    bytes.writeUInt16BE(nameLength, to);
    bytes.writeUIntBE(valueLength, to + 2, 3);
    bytes[to + 5] = head.fieldKind[i];
    bytes[to + 6] = flags === null ? 0 : flags[i];
    to += FIELD;
    bytes.copyWithin(to, head.nameAt[i], head.nameAt[i] + nameLength);
    to += nameLength;
    bytes.copyWithin(to, head.valueAt[i], head.valueAt[i] + valueLength);
    to += valueLength;
  }
  return chunk;
}

/** The trailers kept in `chunk`; they point into it. */
export function readTrailers(slab: Slab, chunk: number): MessageHead {
  const { bytes } = slab;
  const count = bytes.readUInt16BE(chunk);
  const head = bytes[chunk + 2] === 1 ? new Http2Head(count) : createHead(count);
  head.reset(false);
  head.fieldCount = count;
  let from = chunk + PREFIX;
  for (let i = 0; i < count; i++) {
    head.nameLength[i] = bytes.readUInt16BE(from);
    head.valueLength[i] = bytes.readUIntBE(from + 2, 3);
    head.fieldKind[i] = bytes[from + 5];
    if (head instanceof Http2Head) head.fieldFlags[i] = bytes[from + 6];
    from += FIELD;
    head.nameAt[i] = from;
    from += head.nameLength[i];
    head.valueAt[i] = from;
    from += head.valueLength[i];
  }
  return head;
}

function createHead(fields: number): MessageHead {
  const column = (): Int32Array => new Int32Array(fields);
  return new MessageHead(column(), column(), column(), column());
}
