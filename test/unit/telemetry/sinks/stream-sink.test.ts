import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import {
  type LogStore,
  type StoredBatch,
  type StoreOutcome,
  StreamSink,
} from '../../../../src/telemetry/sinks/stream-sink.ts';

async function until(what: string, condition: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > limit) throw new Error(`timed out: ${what}`);
    await sleep(5);
  }
}

const STORED: StoreOutcome = { type: 'stored' };
const line = (text: string): Buffer => Buffer.from(`${text}\n`);

/** Answers as it is told, and keeps what it has stored. */
function memory(answer: () => StoreOutcome | Promise<StoreOutcome> = () => STORED) {
  const stored: (StoredBatch & { readonly text: string })[] = [];
  const asked: string[] = [];
  const store: LogStore = {
    append: async (batch) => {
      asked.push(batch.id);
      const outcome = await answer();
      if (outcome.type === 'stored') stored.push({ ...batch, text: Buffer.from(batch.lines).toString() });
      return outcome;
    },
  };
  return { store, stored, asked };
}

t.test('lines go in batches, in order', async (t) => {
  const { store, stored } = memory();
  const sink = new StreamSink(1_000, 10);
  sink.use(store);
  for (let i = 0; i < 1_000; i++) {
    const reused = line(String(i));
    sink.write(reused, 1);
    reused.fill(0);
  }
  await until('all of them', () => sink.counts().written === 1_000);
  t.equal(stored.map(({ text }) => text).join(''), Array.from({ length: 1_000 }, (_, i) => `${i}\n`).join(''));
  t.ok(stored.length < 20, `${stored.length} batches`);
  t.ok(stored.every(({ lines, count, text }) => lines.length <= 1_000 && text.split('\n').length === count + 1));
  t.equal(new Set(stored.map(({ id }) => id)).size, stored.length);
  await sink.close(1_000);
  t.same(sink.counts(), { written: 1_000, dropped: 0, problem: '' });
  sink.write(line('late'), 1);
  t.equal(sink.counts().dropped, 1, 'a closed sink takes nothing');
});

t.test(
  'what is written before there is a way waits, within bounds, and so does what comes while it is away',
  async (t) => {
    let outcome: StoreOutcome = { type: 'later', problem: 'NATS is away' };
    const { store, stored, asked } = memory(() => outcome);
    const sink = new StreamSink(192 * 1024, 1);
    const portion = Buffer.alloc(100_000, 'x\n');
    const bound = Math.floor((8 * 1024 * 1024) / portion.length);
    for (let i = 0; i < 100; i++) sink.write(portion, 10);
    t.equal(sink.counts().dropped, (100 - bound) * 10);
    sink.use(store);
    await until('the reason', () => sink.counts().problem === 'NATS is away');
    sink.write(portion, 10);
    t.equal(sink.counts().dropped, (101 - bound) * 10, 'nobody waits for room');
    outcome = STORED;
    await until('all that waited', () => sink.counts().written === bound * 10);
    t.equal(
      stored.reduce((sum, { lines }) => sum + lines.length, 0),
      bound * portion.length,
    );
    t.equal(new Set(asked).size, stored.length, 'a batch keeps its id when it is sent again');
    t.equal(sink.counts().problem, '');
    await sink.close(1_000);
  },
);

t.test('a portion that is larger than a batch is cut between lines', async (t) => {
  const { store, stored } = memory();
  const sink = new StreamSink(1_000, 1);
  sink.use(store);
  const lines = Array.from({ length: 700 }, (_, i) => `line ${i} ${'x'.repeat(i % 50)}\n`);
  sink.write(Buffer.from(lines.join('')), lines.length);
  await sink.close(20_000);
  t.same(sink.counts(), { written: 700, dropped: 0, problem: '' });
  t.equal(stored.map(({ text }) => text).join(''), lines.join(''));
  t.ok(stored.every((one) => one.lines.length <= 1_000 && one.text.split('\n').length === one.count + 1));
});

t.test('what the stream refuses is dropped, and what comes after it is not held up', async (t) => {
  const outcomes: StoreOutcome[] = [{ type: 'refused', problem: 'too large' }];
  const { store } = memory(() => outcomes.shift() ?? STORED);
  const sink = new StreamSink(10, 1);
  sink.use(store);
  sink.write(line('1'), 1);
  await until('the refusal', () => sink.counts().dropped === 1);
  t.equal(sink.counts().problem, 'too large');
  sink.write(line('2'), 1);
  await sink.close(5_000);
  t.same(sink.counts(), { written: 1, dropped: 1, problem: '' });
});

t.test('an end does not wait for a stream that is away or silent', async (t) => {
  for (const answer of [
    (): StoreOutcome => ({ type: 'later', problem: 'away' }),
    (): Promise<StoreOutcome> => new Promise(() => {}),
  ]) {
    const { store, asked } = memory(answer);
    const sink = new StreamSink(1_000, 1);
    sink.use(store);
    sink.write(line('1'), 1);
    await until('the question', () => asked.length > 0);
    const before = performance.now();
    await sink.close(50);
    t.ok(performance.now() - before < 900);
    t.match(sink.counts(), { written: 0, dropped: 1 });
  }
});
