import fc from 'fast-check';
import t from 'tap';
import { FINE_TICK_MS, TICK_MS, type Timed, TimerWheel } from '../../../src/reactor/timer-wheel.ts';

const START = 1_000_000;

class Entry implements Timed {
  deadline = 0;
  wheelTick = -1;
  readonly fired: number[] = [];
  react: (now: number) => void = () => {};
  onDeadline(now: number): void {
    this.fired.push(now);
    this.react(now);
  }
}

/** A wheel whose time is moved by hand in steps of 10 ms. */
class Clock {
  now = START;
  readonly wheel = new TimerWheel(START);
  readonly thrown: unknown[] = [];

  jump(ms: number): void {
    this.now += ms;
    this.wheel.advance(this.now, (_, error) => this.thrown.push(error));
  }
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 10) this.jump(Math.min(10, left));
  }
}

t.test('a timer fires once, never early, at most one tick late', async (t) => {
  const clock = new Clock();
  for (const ms of [0, 1, 49, 50, 51, 99, 100, 1234, 51_199, 51_200, 51_201, 60_000, 200_000]) {
    const entry = new Entry();
    const due = clock.now + ms;
    clock.wheel.schedule(entry, due);
    clock.pass(ms + 2 * TICK_MS + 10);
    t.equal(entry.fired.length, 1, `${ms} ms: once`);
    const late = (entry.fired[0] ?? 0) - due;
    t.ok(late >= 0 && late <= TICK_MS + 10, `${ms} ms: ${late} ms late`);
  }
});

t.test('moving a deadline later fires at the later time only', async (t) => {
  const clock = new Clock();
  const entry = new Entry();
  clock.wheel.schedule(entry, clock.now + 200);
  for (let i = 0; i < 20; i++) {
    clock.pass(100);
    clock.wheel.schedule(entry, clock.now + 200);
  }
  t.same(entry.fired, []);
  clock.pass(400);
  t.equal(entry.fired.length, 1);
});

t.test('moving a deadline earlier fires at the earlier time only', async (t) => {
  const clock = new Clock();
  const entry = new Entry();
  // The second place is the first minus whole turns of the wheel: the same bucket.
  for (const [late, early] of [
    [10_000, 1_000],
    [1_000 + 1024 * TICK_MS, 1_000],
    [1_000 + 4096 * TICK_MS, 1_000],
  ] as const) {
    entry.fired.length = 0;
    clock.wheel.schedule(entry, clock.now + late);
    clock.wheel.schedule(entry, clock.now + early);
    clock.pass(early + 2 * TICK_MS);
    t.equal(entry.fired.length, 1);
    clock.pass(late);
    t.equal(entry.fired.length, 1, 'and not again at the old time');
  }
});

t.test('a cancelled timer does not fire; it can be set again', async (t) => {
  const clock = new Clock();
  const entry = new Entry();
  clock.wheel.schedule(entry, clock.now + 100);
  clock.wheel.cancel(entry);
  clock.pass(300);
  t.same(entry.fired, []);
  clock.wheel.schedule(entry, clock.now + 500);
  clock.wheel.cancel(entry);
  clock.wheel.schedule(entry, clock.now + 100);
  clock.pass(300);
  t.equal(entry.fired.length, 1);
});

t.test('a removed timer is forgotten at once, so that nothing of a closed connection is kept', async (t) => {
  const clock = new Clock();
  const gone = Array.from({ length: 100 }, (_, i) => {
    const entry = new Entry();
    clock.wheel.schedule(entry, clock.now + 60_000 + i);
    if (i % 2 === 0) clock.wheel.schedule(entry, clock.now + 1_000);
    clock.wheel.remove(entry);
    return new WeakRef(entry);
  });
  const kept = new Entry();
  clock.wheel.schedule(kept, clock.now + 60_000);
  clock.wheel.remove(new Entry());
  await collectGarbage();
  // The engine itself may hold on to the last one.
  t.ok(gone.filter((entry) => entry.deref() !== undefined).length <= 1);
  clock.pass(60_100);
  t.equal(kept.fired.length, 1, 'its neighbours in the bucket stay');
});

t.test('a timer may set itself again from its own callback', async (t) => {
  const clock = new Clock();
  const entry = new Entry();
  entry.react = (now) => {
    if (entry.fired.length < 5) clock.wheel.schedule(entry, now + [0, 100, 1024 * TICK_MS, 7][entry.fired.length - 1]);
  };
  clock.wheel.schedule(entry, clock.now + 100);
  clock.pass(1024 * TICK_MS + 1_000);
  t.equal(entry.fired.length, 5);
  t.ok(clock.now < START + 1024 * TICK_MS + 2_000);
});

t.test('a timer removed or moved by another one that fires in the same tick obeys', async (t) => {
  const clock = new Clock();
  const [first, removed, moved, wrapped] = [new Entry(), new Entry(), new Entry(), new Entry()];
  for (const entry of [first, removed, moved, wrapped]) clock.wheel.schedule(entry, clock.now + 100);
  first.react = (now) => {
    clock.wheel.remove(removed);
    clock.wheel.remove(moved);
    clock.wheel.schedule(moved, now + 500);
    clock.wheel.remove(wrapped);
    clock.wheel.schedule(wrapped, now + 1024 * TICK_MS);
  };
  clock.pass(400);
  t.same(
    [first, removed, moved, wrapped].map((entry) => entry.fired.length),
    [1, 0, 0, 0],
  );
  clock.pass(400);
  t.same(
    [first, removed, moved, wrapped].map((entry) => entry.fired.length),
    [1, 0, 1, 0],
  );
  clock.pass(1024 * TICK_MS);
  t.same(
    [first, removed, moved, wrapped].map((entry) => entry.fired.length),
    [1, 0, 1, 1],
  );
});

t.test('after a long pause everything due fires once, at once, and the rest stays', async (t) => {
  const clock = new Clock();
  const entries = Array.from({ length: 500 }, (_, i) => {
    const entry = new Entry();
    clock.wheel.schedule(entry, clock.now + i * 1_000);
    return entry;
  });
  clock.jump(300_000);
  t.equal(entries.filter((entry) => entry.fired.length === 1).length, 301);
  clock.jump(300_000);
  t.ok(entries.every((entry) => entry.fired.length === 1));
  clock.jump(30 * 24 * 3600 * 1000);
  const entry = new Entry();
  clock.wheel.schedule(entry, clock.now + 100);
  clock.pass(200);
  t.equal(entry.fired.length, 1, 'the wheel goes on after a month asleep');
});

t.test('what one timer throws keeps none of the others from firing', async (t) => {
  const clock = new Clock();
  const [bad, good] = [new Entry(), new Entry()];
  bad.react = () => {
    throw new Error('no');
  };
  clock.wheel.schedule(bad, clock.now + 100);
  clock.wheel.schedule(good, clock.now + 100);
  clock.pass(200);
  t.equal(good.fired.length, 1);
  t.match(clock.thrown, [/no/]);
});

t.test('10,000 timers, moved about at random, behave like a list that is searched in full', async (t) => {
  const step = fc.record({ who: fc.nat(9_999), ms: fc.integer({ min: 0, max: 120_000 }), pass: fc.nat(300) });
  const steps = fc.sample(step, { numRuns: 20_000, seed: 7 });
  const clock = new Clock();
  const entries = Array.from({ length: 10_000 }, () => new Entry());
  const expected = new Map<Entry, number>();
  let wrong = 0;
  for (const { who, ms, pass } of steps) {
    const entry = entries[who] ?? new Entry();
    if (ms % 10 === 0) {
      clock.wheel.remove(entry);
      expected.delete(entry);
    } else if (ms % 10 === 1) {
      clock.wheel.cancel(entry);
      expected.delete(entry);
    } else {
      clock.wheel.schedule(entry, clock.now + ms);
      expected.set(entry, clock.now + ms);
      entry.fired.length = 0;
      entry.react = (now) => {
        const due = expected.get(entry);
        if (due === undefined || now < due || now - due > 2 * TICK_MS + 300) wrong++;
        expected.delete(entry);
      };
    }
    if (who % 8 === 0) clock.jump(pass);
  }
  clock.pass(121_000);
  t.equal(wrong, 0, 'none fired early, late or after it was cancelled');
  t.equal(expected.size, 0, 'every one fired');
});

async function collectGarbage(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc !== 'function') throw new Error('no garbage collector to call');
  // WeakRef targets made in this job live until it ends.
  await new Promise((resolve) => setTimeout(resolve, 0));
  gc();
}

t.test('a fine wheel is at most its own tick late, and tells how long nothing is due', async (t) => {
  const wheel = new TimerWheel(START, FINE_TICK_MS);
  const entry = new Entry();
  t.equal(wheel.untilNext(START, 50), 50, 'nothing is set');
  wheel.schedule(entry, START + 200);
  t.equal(wheel.untilNext(START, 50), 50, 'nothing within that time');
  t.equal(wheel.untilNext(START + 190, 50), 10);
  wheel.advance(START + 199, () => {});
  t.equal(entry.fired.length, 0, 'never early');
  wheel.advance(START + 200 + FINE_TICK_MS, () => {});
  t.equal(entry.fired.length, 1);
  t.equal(wheel.untilNext(START + 205, 50), 50, 'nothing is left');
  const far = new Entry();
  wheel.schedule(far, START + 60_000);
  for (let now = START + 210; now < START + 60_000; now += 50) wheel.advance(now, () => {});
  t.equal(far.fired.length, 0, 'many rounds later');
  wheel.advance(START + 60_005, () => {});
  t.equal(far.fired.length, 1);
});
