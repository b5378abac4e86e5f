import t from 'tap';
import { FieldWriter, LITERAL_OVERHEAD } from '../../../../../src/proxy/codec/http2/hpack-writer.ts';
import {
  STATIC_BYTES,
  STATIC_ENTRIES,
  STATIC_NAME_AT,
  STATIC_NAME_LENGTH,
  STATIC_VALUE_AT,
  STATIC_VALUE_LENGTH,
} from '../../../../../src/proxy/codec/http2/static-table.ts';
import { ReferenceDecoder } from './support/hpack-reference.ts';
import { bytes, IN, memory, OUT } from './support/hpack-rig.ts';

/** The bytes of one field. */
function write(writer: FieldWriter, name: string, value: string, flags = 0, token = 0): Buffer {
  bytes.write(name, IN, 'latin1');
  bytes.write(value, IN + 70_000, 'latin1');
  writer.at = OUT;
  writer.writeField(IN, name.length, IN + 70_000, value.length, flags, token);
  return Buffer.from(bytes.subarray(OUT, writer.at));
}

function entry(index: number): readonly [string, string] {
  const [nameAt, valueAt] = [STATIC_NAME_AT[index], STATIC_VALUE_AT[index]];
  return [
    STATIC_BYTES.toString('latin1', nameAt, nameAt + STATIC_NAME_LENGTH[index]),
    STATIC_BYTES.toString('latin1', valueAt, valueAt + STATIC_VALUE_LENGTH[index]),
  ];
}

t.test('every name of the static table is found, in any case, and every value', (t) => {
  for (let index = 1; index <= STATIC_ENTRIES; index++) {
    const [name, value] = entry(index);
    for (const spelled of [name, name.toUpperCase(), name.replace(/\w/, (first) => first.toUpperCase())]) {
      const literal = write(new FieldWriter(memory, 4096), spelled, 'no such value');
      const [field] = new ReferenceDecoder().decode(literal);
      t.strictSame([field.name, field.value], [name, 'no such value']);
      t.ok(literal.length <= 2 + 1 + 13, 'by its index');
      if (value !== '') t.strictSame([...write(new FieldWriter(memory, 4096), spelled, value)], [0x80 | index]);
    }
  }
  t.end();
});

t.test('names that differ only a little are not confused', (t) => {
  const writer = new FieldWriter(memory, 4096);
  const reference = new ReferenceDecoder();
  const names = [
    'x-a^b',
    'x-a~b',
    'X-A^B',
    'accep',
    'accept_',
    'acceptt',
    'a',
    'b',
    'ab',
    'abc',
    'abd',
    'abcd',
    'abce',
  ];
  for (let round = 0; round < 4; round++) {
    for (const name of names) {
      const [field] = reference.decode(write(writer, name, 'same'));
      t.strictSame([field.name, field.value], [name.toLowerCase(), 'same']);
    }
  }
  t.equal(reference.table.entries.length, new Set(names.map((name) => name.toLowerCase())).size);
  t.end();
});

t.test('a token leads to the entry as long as it is there', (t) => {
  const writer = new FieldWriter(memory, 300);
  const reference = new ReferenceDecoder();
  const see = (section: Buffer) => reference.decode(section).map(({ name, value }) => `${name}: ${value}`)[0];
  const repeated = 2;
  t.equal(see(write(writer, 'x-a', '1', repeated, 1000)), 'x-a: 1');
  t.equal(write(writer, 'not looked at', 'nor this', repeated, 1000).length, 1);
  t.equal(see(write(writer, 'not looked at', 'nor this', repeated, 1000)), 'x-a: 1');
  t.equal(see(write(writer, 'x-b', '2', repeated, 1000 + 128)), 'x-b: 2', 'another in the same place');
  t.equal(see(write(writer, 'x-a', '1', repeated, 1000)), 'x-a: 1');
  for (let i = 0; i < 20; i++) see(write(writer, `x-${i}`, 'y', repeated, 2000 + i));
  t.equal(see(write(writer, 'x-a', '1', repeated, 1000)), 'x-a: 1', 'its entry is gone, and made again');
  t.equal(write(writer, '', '', 0, 16).toString('hex'), '90', 'up to 61 it is the static index');
  t.end();
});

t.test('literals need no more than is promised', (t) => {
  for (const length of [0, 1, 126, 127, 128, 16_383, 16_511, 60_000]) {
    for (const capacity of [0, 4096, 1 << 20]) {
      const writer = new FieldWriter(memory, capacity);
      const value = '\u00ff'.repeat(length);
      for (let i = 0; i < 3; i++) {
        const name = 'n'.repeat(Math.max(1, length));
        t.ok(write(writer, name, value, i === 1 ? 1 : 0).length <= name.length + length + LITERAL_OVERHEAD);
      }
    }
  }
  t.end();
});
