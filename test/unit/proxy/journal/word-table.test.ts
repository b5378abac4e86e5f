import t from 'tap';
import { WordTable } from '../../../../src/proxy/journal/word-table.ts';
import { makeRing, RingReader, RingWriter } from '../../../../src/telemetry/records/record-ring.ts';
import { RecordView } from '../../../../src/telemetry/records/record-view.ts';

t.test('a text is told once, and too many are forgotten on both sides', async (t) => {
  const ring = makeRing(1 << 20);
  const table = new WordTable(new RingWriter(ring));
  const reader = new RingReader(ring);
  const view = new RecordView(reader);
  const listen = (): number => {
    let told = 0;
    reader.read((at) => {
      if (view.open(at)) t.fail('words are no records');
      told++;
    });
    return told;
  };
  t.equal(table.numberOf(''), 0);
  const number = table.numberOf('shop/orders');
  t.equal(table.numberOf('shop/orders'), number);
  t.equal(listen(), 1);
  let forgotten = 0;
  for (let i = 0; i < 20_000; i++) {
    table.numberOf(`10.0.${i >> 8}.${i & 255}:80`);
    if (i % 50 === 0) forgotten = Math.max(forgotten, listen());
  }
  listen();
  const again = table.numberOf('shop/orders');
  t.ok(again > 0 && again < 8192, 'numbers do not grow for ever');
  t.equal(listen(), 1, 'and it is told again');
});

t.test('a word that finds no room is the empty one, until there is room', async (t) => {
  const ring = makeRing(4096);
  const table = new WordTable(new RingWriter(ring));
  const numbers = Array.from({ length: 100 }, (_, i) => table.numberOf(`word ${i} ${'x'.repeat(900)}`));
  t.ok(numbers.includes(0));
  new RingReader(ring).read(() => {});
  t.not(table.numberOf('another'), 0);
});
