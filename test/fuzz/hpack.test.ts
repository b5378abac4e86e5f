import { deepStrictEqual as deepEqual } from 'node:assert';
import fc from 'fast-check';
import t from 'tap';
import { COMPRESSION_ERROR, TOO_LARGE } from '../../src/proxy/codec/http2/http2-head.ts';
import { decodeHuffman, encodeHuffman, huffmanLength } from '../../src/proxy/codec/http2/huffman.ts';
import {
  BadSection,
  type Field,
  ReferenceDecoder,
  ReferenceTable,
  type Representation,
  section,
} from '../unit/proxy/codec/http2/support/hpack-reference.ts';
import { DecoderRig, EncoderRig, huffman } from '../unit/proxy/codec/http2/support/hpack-rig.ts';

/** Runs for each property; more by FUZZ_RUNS. The seed of a failure is printed by fast-check. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 4000);

const START: readonly Representation[] = [2, 6, 4].map((index) => ({ type: 'indexed', index }));

/** A step of a peer's encoder: what it is meant to be is decided with its table in hand. */
interface Step {
  readonly what: 'pick' | 'indexed' | 'plain' | 'never';
  readonly pick: number;
  readonly byIndex: boolean;
  readonly name: string;
  readonly value: string;
  readonly isHuffman: boolean;
}

const latin1 = (max: number) =>
  fc
    .array(
      fc.integer({ min: 0x21, max: 0xff }).filter((code) => code !== 0x7f),
      { maxLength: max },
    )
    .map((codes) => String.fromCharCode(...codes));
const name = fc.oneof(
  fc.constantFrom(
    'accept',
    'x-a',
    'x-b',
    'cookie',
    'user-agent',
    'x-request-id',
    'date',
    'authorization',
    'grpc-timeout',
  ),
  fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,20}$/),
);
const value = fc.oneof(
  fc.constantFrom('', '1', 'gzip, deflate', 'abcdefgh'.repeat(10)),
  latin1(30),
  fc.integer({ min: 0, max: 4200 }).map((n) => 'v'.repeat(n)),
);
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('pick', 'pick', 'pick', 'indexed', 'indexed', 'plain', 'never'),
  pick: fc.nat(200),
  byIndex: fc.boolean(),
  name,
  value,
  isHuffman: fc.boolean(),
});
const head = fc.record({
  steps: fc.array(step, { maxLength: 12 }),
  /** Table size to announce, or nothing. */
  resize: fc.option(fc.constantFrom(0, 40, 100, 500, 4096), { freq: 6 }),
  limit: fc.option(fc.constantFrom(0, 90, 1000, 4096), { freq: 6 }),
});

const line = ({ name, value, neverIndexed }: Field) => `${neverIndexed ? '!' : ''}${name}: ${value}`;

/** Plays the steps with the peer's table. Pseudo-header fields may only stand in front, so they are never picked. */
function compose(steps: readonly Step[], table: ReferenceTable): Representation[] {
  return steps.map((step): Representation => {
    const { what, pick, byIndex, isHuffman } = step;
    const index = 15 + (pick % (47 + table.entries.length));
    const isAllowed = !['host', 'te', 'transfer-encoding', 'content-length'].includes(table.get(index)[0]);
    if (what === 'pick' && isAllowed) return { type: 'indexed', index };
    const mode = what === 'pick' ? 'plain' : what;
    const name = byIndex && isAllowed ? index : step.name;
    if (mode === 'indexed') table.add(typeof name === 'number' ? table.get(name)[0] : name, step.value);
    const literal = { type: 'literal', mode, name, value: step.value } as const;
    return isHuffman ? { ...literal, huffman } : literal;
  });
}

t.test('whole connections: what a peer encodes is what we decode, and what we encode of it says the same', (t) => {
  let sections = 0;
  let bytes = 0;
  fc.assert(
    fc.property(fc.array(head, { minLength: 1, maxLength: 25 }), (heads) => {
      const peer = new ReferenceTable();
      const incoming = new DecoderRig({ listBytes: 200_000, tableBytes: 4096 });
      const encoder = new EncoderRig();
      const reference = new ReferenceDecoder();
      const outgoing = new DecoderRig({ listBytes: 200_000, tableBytes: 4096 });
      for (const { steps, resize, limit } of heads) {
        const parts: Representation[] = [...START];
        if (resize !== null) {
          peer.capacity = resize;
          peer.trim();
          parts.unshift({ type: 'size', bytes: resize });
        }
        if (limit !== null) encoder.encoder.setPeerLimit(limit);
        parts.push(...compose(steps, peer));
        const sent = section(...parts);
        const twice = steps.every(({ what }) => what !== 'indexed') && resize === null ? 3 : 1;
        for (let i = 0; i < twice; i++) {
          const lines = incoming.decode(sent);
          const written = encoder.request(incoming.head);
          const read = reference.decode(written).map(line);
          deepEqual(read, lines);
          deepEqual(outgoing.decode(written), lines);
          sections++;
          bytes += written.length;
        }
      }
    }),
    { numRuns: RUNS / 8 },
  );
  t.ok(sections > RUNS / 8, `${sections} sections, ${bytes} bytes`);
  t.end();
});

t.test('random bytes: a head or an error, as the plain codec sees it', (t) => {
  let broken = 0;
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(fc.integer({ min: 0x80, max: 0xc5 }), { maxLength: 8 }).map((list) => Uint8Array.from(list)),
    fc.array(step, { maxLength: 4 }).map((steps) => section(...compose(steps, new ReferenceTable()))),
  );
  const blocks = fc.array(
    fc.array(chunk, { maxLength: 3 }).map((chunks) => Buffer.concat([section(...START), ...chunks])),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(blocks, (blocks) => {
      const rig = new DecoderRig({ listBytes: 65_536, tableBytes: 4096 });
      const reference = new ReferenceDecoder();
      for (const block of blocks) {
        const result = rig.decode(block);
        const expected = tryDecode(reference, block);
        if (result === TOO_LARGE) continue;
        deepEqual(result === COMPRESSION_ERROR, expected === null);
        if (expected === null) {
          broken++;
          return;
        }
        if (typeof result === 'number') continue;
        const fields = expected.filter(({ name }) => !name.startsWith(':')).map(line);
        deepEqual(
          result.filter((one) => !/^:/.test(one)),
          fields,
        );
      }
    }),
    { numRuns: RUNS },
  );
  t.ok(broken > RUNS / 10, `${broken} connections broken`);
  t.end();
});

function tryDecode(reference: ReferenceDecoder, block: Buffer): Field[] | null {
  try {
    return reference.decode(block);
  } catch (error) {
    if (error instanceof BadSection) return null;
    throw error;
  }
}

t.test('any change of a valid section gives a head or an error, and the next connection is unharmed', (t) => {
  const change = fc.record({ at: fc.nat(400), byte: fc.nat(255), cut: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 10 }), fc.array(change, { maxLength: 4 }), (steps, changes) => {
      let bytes = section(...START, ...compose(steps, new ReferenceTable()));
      for (const { at, byte, cut } of changes) {
        bytes[at % bytes.length] = byte;
        if (cut) bytes = bytes.subarray(0, Math.max(1, at % bytes.length));
      }
      for (const kind of ['request', 'response', 'trailers'] as const) {
        const rig = new DecoderRig();
        const result = rig.decode(bytes, kind);
        if (typeof result === 'number' && (result > 0 || result < -3)) throw new Error(`${result}`);
      }
      const fine = new DecoderRig().decode(section(...START));
      deepEqual(fine, [':method: GET', ':scheme: http', ':path: /']);
    }),
    { numRuns: RUNS },
  );
  t.pass('none threw');
  t.end();
});

t.test('Huffman: every string survives, and random bytes stay within their place', (t) => {
  const out = Buffer.alloc(1000);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const end = encodeHuffman(bytes, 0, bytes.length, out, 0);
      deepEqual(end, huffmanLength(bytes, 0, bytes.length));
      const length = decodeHuffman(out, 0, end, out, 600, 600 + bytes.length);
      deepEqual(out.subarray(600, 600 + length), Buffer.from(bytes));
    }),
    { numRuns: RUNS },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(120), (bytes, room) => {
      out.fill(0x2e);
      const length = decodeHuffman(bytes, 0, bytes.length, out, 10, 10 + room);
      deepEqual(out[9], 0x2e);
      deepEqual(
        out.subarray(10 + room).every((byte) => byte === 0x2e),
        true,
      );
      if (length < 0) return;
      // Only the shortest code of a string is valid, so it comes back as it was.
      const end = encodeHuffman(out, 10, length, out, 300);
      deepEqual(out.subarray(300, end), Buffer.from(bytes));
    }),
    { numRuns: RUNS },
  );
  t.pass('all alike');
  t.end();
});
