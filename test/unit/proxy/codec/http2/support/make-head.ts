/** A neutral head out of fields, as a codec would hand it over. */
import { HpackDecoder } from '../../../../../../src/proxy/codec/http2/hpack-decoder.ts';
import { DECODED, type HeadKind, Http2Head } from '../../../../../../src/proxy/codec/http2/http2-head.ts';
import type { SessionMemory } from '../../../../../../src/proxy/codec/http2/session-types.ts';
import { type Fields, section } from './frame-text.ts';

const decoders = new WeakMap<SessionMemory, HpackDecoder>();

/** Valid until the memory's head area begins a new lap. @throws when the fields are malformed */
export function makeHead(memory: SessionMemory, kind: HeadKind, fields: Fields): Http2Head {
  const decoder = decoders.get(memory) ?? new HpackDecoder(memory.headArea);
  decoders.set(memory, decoder);
  const { slab } = memory;
  const length = section(fields).copy(slab.bytes, slab.composeArea);
  const head = new Http2Head(Math.max(8, fields.length));
  if (decoder.decode(slab.composeArea, length, kind, head) !== DECODED) throw new Error(decoder.reason);
  return head;
}

/** The regular fields of a head as text. */
export function fieldsOf(memory: SessionMemory, head: Http2Head): [name: string, value: string][] {
  const text = (at: number, length: number): string => memory.slab.bytes.toString('latin1', at, at + length);
  return Array.from({ length: head.fieldCount }, (_, i) => [
    text(head.nameAt[i], head.nameLength[i]),
    text(head.valueAt[i], head.valueLength[i]),
  ]);
}
