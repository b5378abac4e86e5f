/** A plain HPACK codec over strings, written after RFC 7541 without regard to speed: the second opinion in the tests. */
import { decodeHuffman } from '../../../../../../src/proxy/codec/http2/huffman.ts';
import {
  STATIC_BYTES,
  STATIC_ENTRIES,
  STATIC_NAME_AT,
  STATIC_NAME_LENGTH,
  STATIC_VALUE_AT,
  STATIC_VALUE_LENGTH,
} from '../../../../../../src/proxy/codec/http2/static-table.ts';

export interface Field {
  readonly name: string;
  readonly value: string;
  readonly neverIndexed: boolean;
}

export class BadSection extends Error {}

function fixedEntry(index: number): readonly [string, string] {
  const nameAt = STATIC_NAME_AT[index];
  const valueAt = STATIC_VALUE_AT[index];
  return [
    STATIC_BYTES.toString('latin1', nameAt, nameAt + STATIC_NAME_LENGTH[index]),
    STATIC_BYTES.toString('latin1', valueAt, valueAt + STATIC_VALUE_LENGTH[index]),
  ];
}

export class ReferenceTable {
  capacity = 4096;
  /** Newest first. */
  readonly entries: (readonly [name: string, value: string])[] = [];

  get size(): number {
    return this.entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }

  add(name: string, value: string): void {
    this.entries.unshift([name, value]);
    this.trim();
  }

  trim(): void {
    while (this.size > this.capacity) this.entries.pop();
  }

  get(index: number): readonly [string, string] {
    const entry = index >= 1 && index <= STATIC_ENTRIES ? fixedEntry(index) : this.entries[index - STATIC_ENTRIES - 1];
    if (entry === undefined) throw new BadSection(`no entry ${index}`);
    return entry;
  }
}

export class ReferenceDecoder {
  readonly table = new ReferenceTable();
  /** What the decoder has allowed. */
  limit = 4096;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @throws BadSection for what RFC 7541 calls a decoding error */
  decode(bytes: Buffer): Field[] {
    this.#bytes = bytes;
    this.#at = 0;
    const fields: Field[] = [];
    while (this.#at < bytes.length) {
      const first = bytes[this.#at];
      if (first >= 0x80) {
        const [name, value] = this.table.get(this.#integer(7));
        fields.push({ name, value, neverIndexed: false });
      } else if (first >= 0x40) {
        const field = this.#literal(6, false);
        this.table.add(field.name, field.value);
        fields.push(field);
      } else if (first >= 0x20) {
        const capacity = this.#integer(5);
        if (fields.length > 0 || capacity > this.limit) throw new BadSection('size update');
        this.table.capacity = capacity;
        this.table.trim();
      } else {
        fields.push(this.#literal(4, first >= 0x10));
      }
    }
    return fields;
  }

  #literal(bits: number, neverIndexed: boolean): Field {
    const index = this.#integer(bits);
    const name = index === 0 ? this.#string() : this.table.get(index)[0];
    return { name, value: this.#string(), neverIndexed };
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw new BadSection('cut off');
    return this.#bytes[this.#at++];
  }

  #integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new BadSection('integer too large');
  }

  #string(): string {
    const isHuffman = (this.#bytes[this.#at] & 0x80) !== 0;
    const length = this.#integer(7);
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new BadSection('cut off');
    if (!isHuffman) return this.#bytes.toString('latin1', from, this.#at);
    const out = Buffer.alloc(length * 2 + 1);
    const written = decodeHuffman(this.#bytes, from, length, out, 0, out.length);
    if (written < 0) throw new BadSection('huffman');
    return out.toString('latin1', 0, written);
  }
}

/** One representation, as a test writes it down. */
export type Representation =
  | { readonly type: 'indexed'; readonly index: number }
  | { readonly type: 'size'; readonly bytes: number }
  | {
      readonly type: 'literal';
      readonly mode: 'indexed' | 'plain' | 'never';
      /** An index, or a name. */
      readonly name: number | string;
      readonly value: string;
      readonly huffman?: (text: string) => Buffer;
    };

const PATTERNS = { indexed: [0x40, 6], plain: [0, 4], never: [0x10, 4] } as const;

export function integer(value: number, bits: number, pattern: number): number[] {
  const most = 2 ** bits - 1;
  if (value < most) return [pattern | value];
  const out = [pattern | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push(128 + (rest % 128));
  return [...out, rest];
}

export function text(value: string, huffman?: (text: string) => Buffer): number[] {
  if (huffman === undefined) return [...integer(value.length, 7, 0), ...Buffer.from(value, 'latin1')];
  const code = huffman(value);
  return [...integer(code.length, 7, 0x80), ...code];
}

/** The bytes of a section. */
export function section(...parts: readonly Representation[]): Buffer {
  const out: number[] = [];
  for (const part of parts) {
    if (part.type === 'indexed') out.push(...integer(part.index, 7, 0x80));
    else if (part.type === 'size') out.push(...integer(part.bytes, 5, 0x20));
    else {
      const [pattern, bits] = PATTERNS[part.mode];
      out.push(...integer(typeof part.name === 'number' ? part.name : 0, bits, pattern));
      if (typeof part.name === 'string') out.push(...text(part.name, part.huffman));
      out.push(...text(part.value, part.huffman));
    }
  }
  return Buffer.from(out);
}

/** Literals without indexing for these lines, `name: value`. */
export function plain(...lines: readonly string[]): Buffer {
  return section(
    ...lines.map((line): Representation => {
      const colon = line.indexOf(':', 1);
      return { type: 'literal', mode: 'plain', name: line.slice(0, colon), value: line.slice(colon + 2) };
    }),
  );
}
