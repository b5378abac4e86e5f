import t from 'tap';
import { AT_KIND, KIND_REQUEST } from '../../../../src/telemetry/records/record-layout.ts';
import { makeRing, NO_ROOM, RingReader, RingWriter } from '../../../../src/telemetry/records/record-ring.ts';

/** Writes a record whose third word is `value`. */
function put(writer: RingWriter, length: number, value: number, reserve = length): boolean {
  const at = writer.reserve(reserve);
  if (at === NO_ROOM) return false;
  writer.words[(at + AT_KIND) >> 2] = KIND_REQUEST;
  writer.words[(at + 8) >> 2] = value;
  writer.commit(at, length);
  return true;
}

function take(reader: RingReader): number[] {
  const seen: number[] = [];
  reader.read((at) => seen.push(reader.words[(at + 8) >> 2] as number));
  return seen;
}

t.test('a ring holds a power of two of bytes', async (t) => {
  for (const wrong of [0, 4000, 4097, 2048]) t.throws(() => makeRing(wrong), RangeError, `${wrong}`);
});

t.test('records come out in order and once, however the ring wraps', async (t) => {
  const shared = makeRing(4096);
  const writer = new RingWriter(shared);
  const reader = new RingReader(shared);
  let next = 0;
  let expected = 0;
  for (let round = 0; round < 2000; round++) {
    const burst = 1 + (round % 5);
    for (let i = 0; i < burst; i++) if (put(writer, 12 + ((round * 37 + i * 13) % 400), next, 700)) next++;
    for (const value of take(reader)) if (value !== expected++) t.fail(`${value} is out of order`);
  }
  t.equal(expected, next);
  t.equal(reader.dropped, 0);
});

t.test('what finds no room is dropped and counted, and nothing else is harmed', async (t) => {
  const shared = makeRing(4096);
  const writer = new RingWriter(shared);
  const reader = new RingReader(shared);
  let kept = 0;
  for (let i = 0; i < 100; i++) if (put(writer, 200, i)) kept++;
  t.ok(kept >= 18 && kept <= 20, `${kept} records found room`);
  t.equal(reader.dropped, 100 - kept);
  t.same(
    take(reader),
    Array.from({ length: kept }, (_, i) => i),
  );
  t.ok(put(writer, 200, 7), 'there is room again');
  t.same(take(reader), [7]);
});

t.test('what a dead writer left half written is not read', async (t) => {
  const shared = makeRing(4096);
  const writer = new RingWriter(shared);
  const reader = new RingReader(shared);
  put(writer, 64, 1);
  const at = writer.reserve(64);
  writer.words[(at + 8) >> 2] = 2;
  t.same(take(reader), [1], 'not committed');
  for (const length of [0, -8, 1 << 20]) {
    const ring = makeRing(4096);
    const broken = new RingWriter(ring);
    put(broken, 64, 1);
    broken.words[16] = length;
    t.same(take(new RingReader(ring)), [], `a length of ${length} is not believed`);
  }
});
