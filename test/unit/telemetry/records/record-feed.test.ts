import t from 'tap';
import { WordTable } from '../../../../src/proxy/journal/word-table.ts';
import { RecordFeed, RecordFeeds } from '../../../../src/telemetry/records/record-feed.ts';
import {
  AT_KIND,
  AT_SERVICE,
  AT_TEXTS,
  KIND_REQUEST,
  TEXT_CONNECTION,
} from '../../../../src/telemetry/records/record-layout.ts';
import { makeRing, RingWriter } from '../../../../src/telemetry/records/record-ring.ts';

function write(ring: RingWriter, service: number, id: string): void {
  const at = ring.reserve(1024);
  ring.words.fill(0, at >> 2, (at + AT_TEXTS) >> 2);
  ring.words[(at + AT_KIND) >> 2] = KIND_REQUEST;
  ring.words[(at + AT_SERVICE) >> 2] = service;
  ring.bytes.writeUInt16LE(id.length, at + AT_TEXTS);
  ring.bytes.write(id, at + AT_TEXTS + 2, 'latin1');
  ring.commit(at, AT_TEXTS + 2 + id.length);
}

t.test('the last words of a thread that has ended are read once more, and its drops stay counted', async (t) => {
  const feeds = new RecordFeeds();
  const rings = [makeRing(4096), makeRing(4096)];
  const made = rings.map((ring) => new RecordFeed(ring));
  for (const feed of made) feeds.add(feed);
  const writers = rings.map((ring) => new RingWriter(ring));
  for (const [i, writer] of writers.entries()) write(writer, new WordTable(writer).numberOf(`shop/s${i}`), `id${i}`);
  for (let i = 0; i < 10; i++) writers[1]?.reserve(5000);
  feeds.end(made[1] as RecordFeed);
  feeds.end(made[1] as RecordFeed);
  const seen: string[] = [];
  feeds.read((view) => seen.push(`${view.text(TEXT_CONNECTION)} ${view.word(AT_SERVICE)}`));
  t.same(seen.sort(), ['id0 shop/s0', 'id1 shop/s1']);
  t.equal(feeds.dropped, 10);
  t.equal(
    feeds.read(() => t.fail('nothing is left')),
    0,
  );
});

t.test('a text that is cut off at the end of its record is empty, and so are those behind it', async (t) => {
  const ring = makeRing(4096);
  const writer = new RingWriter(ring);
  const at = writer.reserve(256);
  writer.words.fill(0, at >> 2, (at + AT_TEXTS) >> 2);
  writer.words[(at + AT_KIND) >> 2] = KIND_REQUEST;
  writer.bytes.writeUInt16LE(60_000, at + AT_TEXTS);
  writer.commit(at, AT_TEXTS + 2);
  const feed = new RecordFeed(ring);
  const seen: string[] = [];
  feed.read((view) => {
    for (let place = 0; place < 20; place++) seen.push(view.text(place));
  });
  t.same(new Set(seen), new Set(['']));
});
