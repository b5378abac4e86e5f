import t from 'tap';
import { HeadArea } from '../../../../../src/proxy/codec/http2/hpack-area.ts';
import { STATIC_BYTES, STATIC_NAME_AT, STATIC_NAME_LENGTH } from '../../../../../src/proxy/codec/http2/static-table.ts';

const bytes = Buffer.alloc(10_000);
const memory = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };

t.test('the strings of the static table lie at the front, for good', (t) => {
  const area = new HeadArea(memory, 1000, 5000);
  const at = area.staticAt + STATIC_NAME_AT[61];
  for (let lap = 0; lap < 3; lap++) {
    t.equal(bytes.toString('latin1', at, at + STATIC_NAME_LENGTH[61]), 'www-authenticate');
    area.next = area.end;
    area.reserve(1);
    bytes.fill(0, area.next, area.next + 100);
  }
  t.equal(area.lap, 3);
  t.end();
});

t.test('a new lap begins when the room behind does not suffice', (t) => {
  const area = new HeadArea(memory, 1000, 5000);
  t.equal(area.capacity, 5000 - STATIC_BYTES.length);
  const first = area.next;
  area.reserve(area.capacity);
  t.strictSame([area.lap, area.next], [0, first]);
  area.next += 1;
  area.reserve(area.capacity - 1);
  t.equal(area.lap, 0);
  area.reserve(area.capacity);
  t.strictSame([area.lap, area.next], [1, first]);
  t.end();
});

t.test('an area knows its own', (t) => {
  const area = new HeadArea(memory, 1000, 5000);
  t.strictSame(
    [999, 1000, 5999, 6000].map((at) => area.holds(at)),
    [false, true, true, false],
  );
  t.throws(() => new HeadArea(memory, 1000, 100), /no room/);
  t.throws(() => new HeadArea(memory, 6000, 5000), /no room/);
  t.end();
});
