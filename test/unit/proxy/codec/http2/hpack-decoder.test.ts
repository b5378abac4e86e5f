import t from 'tap';
import { HeadArea, HpackDecoder } from '../../../../../src/proxy/codec/http2/hpack-decoder.ts';
import { COMPRESSION_ERROR, Http2Head, MALFORMED, TOO_LARGE } from '../../../../../src/proxy/codec/http2/http2-head.ts';
import { startWatch } from '../../../../helpers/stopwatch.ts';
import { integer, plain, type Representation, section } from './support/hpack-reference.ts';
import { area, bytes, DecoderRig, huffman, IN, linesOf, memory, slice } from './support/hpack-rig.ts';

const START: readonly Representation[] = [
  { type: 'indexed', index: 2 },
  { type: 'indexed', index: 6 },
  { type: 'indexed', index: 4 },
];
const LINES = [':method: GET', ':scheme: http', ':path: /'];

function add(name: number | string, value: string): Representation {
  return { type: 'literal', mode: 'indexed', name, value };
}
const at = (index: number): Representation => ({ type: 'indexed', index });
const size = (bytes: number): Representation => ({ type: 'size', bytes });

t.test('integers of every prefix size, up to the limit', (t) => {
  const rig = new DecoderRig({ listBytes: 65_536, tableBytes: 65_536 });
  rig.decoder.setCapacityLimit(65_536);
  for (const capacity of [0, 30, 31, 32, 158, 159, 4096, 16_415, 65_536]) {
    t.strictSame(rig.decode(section(size(capacity), ...START)), LINES, `5 bits: ${capacity}`);
  }
  for (let i = 0; i < 200; i++) rig.decode(section(...START, add(`n${i}`, `${i}`)));
  for (const index of [62, 126, 127, 128, 190, 261]) {
    t.strictSame(rig.decode(section(...START, at(index))), [...LINES, `n${261 - index}: ${261 - index}`], '7 bits');
    const named: Representation = { type: 'literal', mode: 'plain', name: index, value: 'x' };
    t.strictSame(rig.decode(section(...START, named)), [...LINES, `n${261 - index}: x`], '4 bits');
    const never: Representation = { ...named, mode: 'never' };
    t.strictSame(rig.decode(section(...START, never)), [...LINES, `!n${261 - index}: x`], '4 bits');
  }
  t.strictSame(rig.decode(section(...START, add(61 + 200, 'y'))), [...LINES, 'n0: y'], '6 bits');
  for (const length of [0, 1, 126, 127, 128, 254, 255, 16_511, 60_000]) {
    const value = 'v'.repeat(length);
    t.strictSame(rig.decode(section(...START, add(16, value))), [...LINES, `accept-encoding: ${value}`], `${length}`);
  }
  t.end();
});

const broken: readonly (readonly [title: string, Buffer])[] = [
  ['index 0', section(...START, at(0))],
  ['an index behind the table', section(...START, at(62))],
  ['a name behind the table', section({ type: 'literal', mode: 'plain', name: 62, value: '' })],
  ['an index that is cut off', Buffer.from([0xff])],
  ['an index in the billions', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
  ['an integer that never ends', Buffer.from([0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01])],
  ['an integer above 2^32', Buffer.from([0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
  ['no name', Buffer.from([0x40])],
  ['no value', Buffer.from([0x41])],
  ['a name that is cut off', Buffer.from([0x40, 0x05, 0x61])],
  ['a value that is cut off', Buffer.from([0x41, 0x05, 0x61])],
  ['a Huffman value that is cut off', Buffer.from([0x41, 0x85, 0x61])],
  ['Huffman padding of 8 bits', Buffer.from([0x41, 0x82, 0x1f, 0xff])],
  ['Huffman padding of zeros', Buffer.from([0x41, 0x81, 0x18])],
  ['EOS in a Huffman name', Buffer.from([0x40, 0x84, 0xff, 0xff, 0xff, 0xff, 0x00])],
  ['a size update above the limit', section(size(4097), ...START)],
  ['a size update after a field', section(...START, size(100))],
  ['a size update alone at the end', section(...START, at(16), size(4096))],
];
for (const [title, bad] of broken) {
  t.test(`${title} ends the connection`, (t) => {
    const rig = new DecoderRig();
    t.equal(rig.decode(bad), COMPRESSION_ERROR);
    t.not(rig.decoder.reason, '');
    t.equal(rig.decode(section(...START)), COMPRESSION_ERROR, 'nothing is decoded after it');
    t.end();
  });
}

t.test('a peer must shrink its table at once when we ask for it', (t) => {
  const rig = new DecoderRig();
  rig.decode(section(...START, add('a', '1'), add('b', '2')));
  rig.decoder.setCapacityLimit(40);
  t.strictSame(rig.decode(section(size(40), ...START, at(62))), [...LINES, 'b: 2'], 'the older one is gone');
  t.equal(rig.decode(section(...START, at(63))), COMPRESSION_ERROR);

  const silent = new DecoderRig();
  silent.decode(section(...START));
  silent.decode(section(...START));
  silent.decoder.setCapacityLimit(0);
  t.equal(silent.decode(section(...START)), COMPRESSION_ERROR, 'even if the section was seen before');

  const late = new DecoderRig();
  late.decoder.setCapacityLimit(100);
  t.equal(late.decode(section(size(101), ...START)), COMPRESSION_ERROR);
  t.end();
});

t.test('the smallest of several size updates counts for what is evicted', (t) => {
  const rig = new DecoderRig();
  rig.decode(section(...START, add('a', '1')));
  t.strictSame(rig.decode(section(size(0), size(4096), ...START)), LINES);
  t.equal(rig.decode(section(...START, at(62))), COMPRESSION_ERROR);
  t.end();
});

t.test('a table grown by our settings holds more', (t) => {
  const rig = new DecoderRig();
  t.throws(() => rig.decoder.setCapacityLimit(65_537), /limits.tableBytes/);
  rig.decoder.setCapacityLimit(65_536);
  const value = 'x'.repeat(10_000);
  t.strictSame(rig.decode(section(size(65_536), ...START, add('big', value))), [...LINES, `big: ${value}`]);
  t.strictSame(rig.decode(section(...START, at(62))), [...LINES, `big: ${value}`]);
  t.end();
});

t.test('an entry may be named by one that it evicts', (t) => {
  const rig = new DecoderRig();
  rig.decode(section(size(50), ...START, add('name', '1')));
  t.strictSame(rig.decode(section(...START, add(62, '2'))), [...LINES, 'name: 2']);
  t.strictSame(rig.decode(section(...START, add(62, '3'), add(62, '4'))), [...LINES, 'name: 3', 'name: 4']);
  t.strictSame(rig.decode(section(...START, at(62))), [...LINES, 'name: 4']);
  t.end();
});

t.test('an entry larger than the table empties it, and is still a field', (t) => {
  const rig = new DecoderRig();
  rig.decode(section(...START, add('a', '1')));
  const value = 'x'.repeat(4096);
  t.strictSame(rig.decode(section(...START, add('big', value))), [...LINES, `big: ${value}`]);
  t.equal(rig.decode(section(...START, at(62))), COMPRESSION_ERROR);
  t.end();
});

t.test('a head that is too large leaves the table right', (t) => {
  const limits = { listBytes: 1000, tableBytes: 4096 };
  const large: readonly (readonly [string, Representation[]])[] = [
    ['one long value', [add('x', 'y'.repeat(1000))]],
    ['one long Huffman value', [{ ...add('x', 'e'.repeat(20_000)), huffman } as Representation]],
    ['one long Huffman name', [{ ...add('e'.repeat(20_000), 'x'), huffman } as Representation]],
    ['many small fields', Array.from({ length: 40 }, () => at(19))],
    ['many fields by name', Array.from({ length: 40 }, () => add(19, 'x'))],
  ];
  for (const [title, parts] of large) {
    const rig = new DecoderRig(limits);
    rig.decode(section(...START, add('first', '1')));
    t.equal(rig.decode(section(...START, ...parts, add('k', 'v1'), add('l', 'v2'))), TOO_LARGE, title);
    t.strictSame(rig.decode(section(...START, at(62), at(63))), [...LINES, 'l: v2', 'k: v1'], title);
    t.strictSame(rig.decode(section(...START, add(62, 'v3'))), [...LINES, 'l: v3'], title);
    if (!title.includes('Huffman')) continue;
    t.equal(rig.decode(section(...START, at(65))), COMPRESSION_ERROR, 'an entry larger than the table emptied it');
  }
  const few = new DecoderRig(limits, 3);
  t.equal(few.decode(section(...START, at(19), at(19), at(19), at(19), add('a', 'b'))), TOO_LARGE, 'too many fields');
  t.strictSame(few.decode(section(...START, at(62))), [...LINES, 'a: b']);
  t.end();
});

t.test('the list is measured as RFC 9113 6.5.2 says', (t) => {
  const fields = 42 + 43 + 38 + 1 + 1 + 32;
  const exact = new DecoderRig({ listBytes: fields, tableBytes: 4096 });
  t.strictSame(exact.decode(section(...START, add('a', 'b'))), [...LINES, 'a: b']);
  const less = new DecoderRig({ listBytes: fields - 1, tableBytes: 4096 });
  t.equal(less.decode(section(...START, add('a', 'b'))), TOO_LARGE);
  t.end();
});

t.test('a bomb is cut short: references to a large entry', (t) => {
  const rig = new DecoderRig();
  const bomb = section(
    ...START,
    add('n'.repeat(2000), 'v'.repeat(2000)),
    ...Array.from({ length: 50_000 }, () => at(62)),
  );
  const watch = startWatch();
  t.equal(rig.decode(bomb), COMPRESSION_ERROR);
  const names = Array.from(
    { length: 30_000 },
    (): Representation => ({ type: 'literal', mode: 'plain', name: 62, value: '' }),
  );
  t.equal(new DecoderRig().decode(section(...START, add('n'.repeat(4000), ''), ...names)), COMPRESSION_ERROR);
  t.ok(watch.quietMs() < 500, 'in no time');
  t.end();
});

t.test('malformed heads keep the table right', (t) => {
  const rig = new DecoderRig();
  t.equal(rig.decode(section(...START, add('Bad', '1'), add('good', '2'))), MALFORMED);
  t.strictSame(rig.decode(section(...START, at(62))), [...LINES, 'good: 2']);
  t.equal(rig.decode(section(...START, at(63))), MALFORMED, 'it is bad by reference, too');
  t.equal(rig.decode(section(...START, add('x', 'a\nb'))), MALFORMED);
  t.equal(rig.decode(section(...START, at(62))), MALFORMED);
  t.strictSame(rig.decode(section(...START, add(62, 'fine'))), [...LINES, 'x: fine'], 'its name is fine');
  t.end();
});

t.test('a section that repeats gives the same head, with a number of its own', (t) => {
  const rig = new DecoderRig();
  rig.decode(section(...START, add('a', '1')));
  const again = section(...START, at(62), { type: 'literal', mode: 'plain', name: 'b', value: 'x' });
  const ids: number[] = [];
  for (let i = 0; i < 4; i++) {
    t.strictSame(rig.decode(again), [...LINES, 'a: 1', 'b: x']);
    ids.push(rig.head.sectionId);
  }
  t.equal(ids[0], 0);
  t.ok(ids[1] > 0 && ids[1] === ids[2] && ids[2] === ids[3], `${ids}`);
  rig.decode(section(...START, add('c', '2')));
  t.strictSame(rig.decode(again), [...LINES, 'c: 2', 'b: x'], 'the same bytes mean another entry now');
  t.not(rig.head.sectionId, ids[1]);
  t.end();
});

t.test('a head that is known refers to nothing of the section that it was made of', (t) => {
  const rig = new DecoderRig();
  const lines = plain(':method: GET', ':scheme: http', ':authority: a.example', ':path: /p?q', 'n: v');
  for (let i = 0; i < 4; i++) {
    const from = IN + 1000 * i;
    bytes.fill(0, IN, IN + 10_000);
    lines.copy(bytes, from);
    t.equal(rig.decoder.decode(from, lines.length, 'request', rig.head), 0);
    if (i < 2) continue;
    bytes.fill(0, IN, IN + 10_000);
    t.strictSame(linesOf(rig.head), [':method: GET', ':scheme: http', ':authority: a.example', ':path: /p?q', 'n: v']);
    t.equal(slice(rig.head.queryAt, rig.head.queryLength), 'q');
  }
  t.end();
});

t.test('connections that have not used their tables share what they know, others do not', (t) => {
  const section1 = section(...START, { type: 'literal', mode: 'plain', name: 'shared', value: '1' });
  const [one, other] = [new DecoderRig(), new DecoderRig()];
  for (let i = 0; i < 3; i++) one.decode(section1);
  t.strictSame(other.decode(section1), [...LINES, 'shared: 1']);
  t.equal(other.head.sectionId, one.head.sectionId);
  const small = new DecoderRig({ listBytes: 100, tableBytes: 4096 });
  t.equal(small.decode(section1), TOO_LARGE, 'not past another limit');
  t.strictSame(one.decode(section1, 'trailers'), -2, 'nor as something else');
  const [a, b] = [new DecoderRig(), new DecoderRig()];
  a.decode(section(...START, add('x', 'a')));
  b.decode(section(...START, add('x', 'b')));
  for (let i = 0; i < 3; i++) {
    t.strictSame(a.decode(section(...START, at(62))), [...LINES, 'x: a']);
    t.strictSame(b.decode(section(...START, at(62))), [...LINES, 'x: b']);
  }
  t.end();
});

t.test('equal tokens mean equal fields, and a literal has none', (t) => {
  const rig = new DecoderRig();
  rig.decode(section(...START, add('a', '1'), add('b', '2'), at(19)));
  const tokens = Array.from(rig.head.fieldToken.subarray(0, 3));
  t.ok(tokens[0] > 61 && tokens[1] > tokens[0]);
  t.equal(tokens[2], 19);
  rig.decode(section(...START, at(63), { type: 'literal', mode: 'plain', name: 62, value: 'x' }, at(62)));
  t.strictSame(Array.from(rig.head.fieldToken.subarray(0, 3)), [tokens[0], 0, tokens[1]]);
  t.equal(rig.head.methodToken, 2);
  t.end();
});

t.test('heads stay right over many laps of a small area', (t) => {
  const small = new HeadArea(memory, IN + 800_000, 90_000);
  const decoder = new HpackDecoder(small);
  const head = new Http2Head(200);
  const put = (section: Buffer) => {
    section.copy(bytes, IN);
    t.equal(decoder.decode(IN, section.length, 'request', head), 0);
    return linesOf(head);
  };
  put(section(...START, add('a', 'x'.repeat(500)), add('b', 'y')));
  for (let i = 0; i < 3000; i++) {
    const value = `${i}`.repeat(1 + (i % 20));
    const varied: Representation = { type: 'literal', mode: 'plain', name: 'v', value, huffman };
    const parts = i % 3 === 0 ? [...START, at(62), at(63)] : [...START, at(62), varied, at(63)];
    const lines = ['b: y', ...(i % 3 === 0 ? [] : [`v: ${value}`]), `a: ${'x'.repeat(500)}`];
    t.strictSame(put(section(...parts)), [...LINES, ...lines]);
  }
  t.ok(small.lap > 2, `${small.lap} laps`);
  t.throws(() => new HpackDecoder(new HeadArea(memory, IN + 800_000, 70_000)), /the head area needs/);
  t.ok(area.lap >= 0);
  t.end();
});

t.test('an empty section is malformed, or empty trailers', (t) => {
  const rig = new DecoderRig();
  t.equal(rig.decode(Buffer.alloc(0)), MALFORMED);
  t.strictSame(rig.decode(Buffer.alloc(0), 'trailers'), []);
  t.strictSame(rig.decode(plain('grpc-status: 0'), 'trailers'), ['grpc-status: 0']);
  t.strictSame(integer(1337, 5, 0), [31, 154, 10], 'C.1.2');
  t.end();
});
