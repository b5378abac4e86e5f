import t from 'tap';
import { BLOCK_SLOTS, REQUEST_BLOCK } from '../../../src/contract/request-block.ts';
import { Counters, type Labels, MAX_BLOCKS, MAX_OF_FAMILY, MAX_SERIES } from '../../../src/proxy/counters.ts';

interface Announced {
  readonly index: number;
  readonly name: string;
  readonly labels: Labels;
}

function make(): { counters: Counters; announced: Announced[] } {
  const announced: Announced[] = [];
  const counters = new Counters(Counters.sharedMemory(), (index, name, labels) =>
    announced.push({ index, name, labels }),
  );
  return { counters, announced };
}

t.test('a series is announced once and counted in shared memory', async (t) => {
  const { counters, announced } = make();
  const index = counters.series('a_total', { side: 'inbound' });
  t.equal(counters.series('a_total', { side: 'inbound' }), index);
  t.not(counters.series('a_total', { side: 'outbound' }), index);
  counters.add(index, 3);
  counters.count('a_total', { side: 'inbound' });
  t.equal(counters.values[index], 4);
  counters.set('a_total', { side: 'inbound' }, 1);
  t.equal(counters.values[index], 1);
  t.equal(announced.filter((s) => s.index === index).length, 1);
});

t.test('past the limit of a name all the rest is one series, and sums stay right', async (t) => {
  const { counters, announced } = make();
  const many = MAX_OF_FAMILY + 10_000;
  for (let i = 0; i < many; i++) counters.add(counters.series('a_total', { n: String(i) }), 1);
  const ofName = announced.filter(({ name }) => name === 'a_total');
  t.equal(ofName.length, MAX_OF_FAMILY + 1);
  t.strictSame(ofName.at(-1)?.labels, { otel_metric_overflow: 'true' });
  t.equal(
    ofName.reduce((sum, { index }) => sum + counters.values[index], 0),
    many,
  );
  t.equal(announced[0].name, 'towpath_series_dropped_total');
  t.equal(counters.values[0], 10_000);
  counters.count('b_total', {});
  t.equal(counters.values[announced.find(({ name }) => name === 'b_total')?.index ?? -1], 1, 'other names have room');
});

t.test('past the limit of a thread each name still has a place', async (t) => {
  const { counters, announced } = make();
  for (let i = 0; i < MAX_SERIES; i++) counters.count(`name_${i % 5}_total`, { n: String(i) });
  counters.count('late_total', { n: 'x' });
  const late = announced.find(({ name }) => name === 'late_total');
  t.strictSame(late?.labels, { otel_metric_overflow: 'true' });
  t.equal(counters.values[late?.index ?? -1], 1);
  t.equal(
    announced.reduce((sum, { index, name }) => sum + (name.endsWith('_dropped_total') ? 0 : counters.values[index]), 0),
    MAX_SERIES + 1,
    'nothing is lost',
  );
});

t.test('blocks lie apart, are bounded, and the last one takes the rest', async (t) => {
  const { counters, announced } = make();
  const places = new Set<number>();
  for (let i = 0; i < MAX_BLOCKS + 50; i++) places.add(counters.block({ service: String(i) }));
  t.equal(places.size, MAX_BLOCKS);
  for (const place of places) {
    t.ok(place >= MAX_SERIES && place + BLOCK_SLOTS <= counters.values.length);
    t.equal((place - MAX_SERIES) % BLOCK_SLOTS, 0);
  }
  t.equal(counters.block({ service: '7' }), [...places][7], 'found again');
  const blocks = announced.filter(({ name }) => name === REQUEST_BLOCK);
  t.strictSame(blocks.at(-1)?.labels, { otel_metric_overflow: 'true' });
});

t.test('what is forgotten is free for others only when main has cleared it', async (t) => {
  const { counters, announced } = make();
  let drops = 0;
  counters.onForget(() => drops++);
  const old = counters.series('a_total', { n: 'old' });
  const block = counters.block({ service: 'old' });
  counters.add(old, 5);
  counters.forget([old, block]);
  t.equal(drops, 1, 'who holds indices hears of it');
  t.equal(counters.values[old], 5, 'main can still read it');
  const again = counters.series('a_total', { n: 'old' });
  t.not(again, old);
  counters.values[old] = 0;
  counters.free([old, block, old, again]);
  t.equal(counters.series('b_total', {}), old, 'used again');
  t.equal(counters.block({ service: 'new' }), block);
  t.not(counters.series('c_total', {}), old, 'once');
  t.not(counters.series('d_total', {}), again, 'what was not forgotten is not free');
  t.equal(announced.filter(({ index }) => index === old).length, 2);
});
