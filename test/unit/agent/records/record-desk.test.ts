import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { RecordDesk } from '../../../../src/agent/records/record-desk.ts';
import { RecordFeed, RecordFeeds } from '../../../../src/telemetry/records/record-feed.ts';
import { makeRing } from '../../../../src/telemetry/records/record-ring.ts';
import { writingRecords } from '../../../helpers/write-records.ts';

t.test('records are handed out by themselves, flushed once for each look, and at the end', async (t) => {
  const feeds = new RecordFeeds();
  const ring = makeRing(1 << 16);
  feeds.add(new RecordFeed(ring));
  const write = writingRecords(ring);
  const heard: string[] = [];
  const desk = new RecordDesk(feeds, [
    { take: (view) => heard.push(view.word(100)), flush: () => heard.push('flush') },
  ]);
  desk.start();
  write({ flag: 'UF' });
  write({ flag: 'UC' });
  for (let i = 0; i < 400 && heard.length < 3; i++) await sleep(5);
  t.same(heard, ['UF', 'UC', 'flush']);
  write({ flag: 'NR' });
  desk.stop();
  t.same(heard.splice(3), ['NR', 'flush']);
  write({ flag: 'NR' });
  await sleep(120);
  t.same(heard.splice(3), []);
});
