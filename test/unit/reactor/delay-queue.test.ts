import t from 'tap';
import { type Delayed, DelayQueue } from '../../../src/reactor/delay-queue.ts';

class Entry implements Delayed {
  waiting = false;
  readonly fired: number[] = [];
  react: () => void = () => {};
  onDelay(now: number): void {
    this.fired.push(now);
    this.react();
  }
}

const rethrow = (_: Delayed, error: unknown): void => {
  throw error;
};

t.test('entries fire in order, each when its delay has passed, once', async (t) => {
  const queue = new DelayQueue(10);
  const entries = [new Entry(), new Entry(), new Entry()];
  entries.forEach((entry, i) => void queue.add(entry, 100 + i * 5));
  queue.advance(109.9, rethrow);
  t.same(
    entries.map((entry) => entry.fired),
    [[], [], []],
  );
  queue.advance(115, rethrow);
  t.same(
    entries.map((entry) => entry.fired),
    [[115], [115], []],
  );
  queue.advance(1000, rethrow);
  queue.advance(2000, rethrow);
  t.same(
    entries.map((entry) => entry.fired),
    [[115], [115], [1000]],
  );
  t.notOk(entries.some((entry) => entry.waiting));
});

t.test('the time until the next entry is rounded up, bounded, and never negative', async (t) => {
  const queue = new DelayQueue(10);
  t.equal(queue.untilNext(0, 50), 50, 'nothing waits');
  const entry = new Entry();
  queue.add(entry, 100.3);
  t.equal(queue.untilNext(100.3, 50), 10);
  t.equal(queue.untilNext(101, 50), 10, '9.3 ms are left');
  t.equal(queue.untilNext(101, 5), 5);
  t.equal(queue.untilNext(500, 50), 0);
  entry.waiting = false;
  t.equal(queue.untilNext(500, 50), 50, 'a cancelled entry wakes nobody');
});

t.test('a cancelled entry does not fire and does not hold up the next', async (t) => {
  const queue = new DelayQueue(10);
  const [cancelled, kept] = [new Entry(), new Entry()];
  queue.add(cancelled, 0);
  queue.add(kept, 5);
  cancelled.waiting = false;
  t.equal(queue.untilNext(6, 50), 9);
  queue.advance(15, rethrow);
  t.same([cancelled.fired, kept.fired], [[], [15]]);
});

t.test('an entry may add itself again while firing', async (t) => {
  const queue = new DelayQueue(10);
  const entry = new Entry();
  entry.react = () => queue.add(entry, entry.fired.at(-1) ?? 0);
  queue.add(entry, 0);
  queue.advance(12, rethrow);
  t.same(entry.fired, [12]);
  queue.advance(21, rethrow);
  t.same(entry.fired, [12]);
  queue.advance(22, rethrow);
  t.same(entry.fired, [12, 22]);
});

t.test('what an entry throws keeps none of the others from firing', async (t) => {
  const queue = new DelayQueue(10);
  const [bad, good] = [new Entry(), new Entry()];
  bad.react = () => {
    throw new Error('no');
  };
  queue.add(bad, 0);
  queue.add(good, 0);
  const thrown: unknown[] = [];
  queue.advance(10, (_, error) => thrown.push(error));
  t.same(good.fired, [10]);
  t.match(thrown, [/no/]);
});

t.test('50,000 entries under steady load fire once each, in order, and none is kept', async (t) => {
  const queue = new DelayQueue(10);
  const order: number[] = [];
  for (let i = 0; i < 50_000; i++) {
    const entry = new Entry();
    entry.react = () => order.push(i);
    queue.add(entry, i / 100);
    if (i % 7 === 0) entry.waiting = false;
    if (i % 50 === 0) queue.advance(i / 100, rethrow);
  }
  queue.advance(1e6, rethrow);
  t.equal(order.length, 50_000 - Math.ceil(50_000 / 7));
  t.ok(order.every((n, i) => i === 0 || n > (order[i - 1] ?? 0)));
  t.equal(queue.untilNext(0, 50), 50);
});

t.test(
  'entries keep their order while the ring turns and grows, and none is lost when it becomes small again',
  async (t) => {
    const queue = new DelayQueue(10);
    const fired: number[] = [];
    const add = (id: number, now: number): void => {
      queue.add({ waiting: false, onDelay: () => void fired.push(id) }, now);
    };
    for (let id = 0; id < 200; id++) add(id, 0);
    queue.advance(10, rethrow);
    for (let id = 200; id < 1200; id++) add(id, id);
    queue.advance(700, rethrow);
    t.equal(fired.length, 691);
    for (let id = 1200; id < 1500; id++) add(id, id);
    queue.advance(10_000, rethrow);
    t.same(
      fired,
      Array.from({ length: 1500 }, (_, id) => id),
    );
    t.equal(queue.untilNext(10_000, 50), 50);
    add(1500, 10_000);
    t.equal(queue.untilNext(10_000, 50), 10);
    queue.advance(10_010, rethrow);
    t.equal(fired.at(-1), 1500);
  },
);
