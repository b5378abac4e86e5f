import t from 'tap';
import { GATHER_BYTES, GatherPace } from '../../../src/proxy/gather-pace.ts';

const MB = 1 << 20;

/** Feeds `bytes` each ms from `from` on for `ms`; returns the time at which gathering began, or -1. */
function stream(pace: GatherPace, from: number, ms: number, bytes: number): number {
  for (let now = from; now < from + ms; now++) if (pace.moved(now, bytes)) return now;
  return -1;
}

t.test('a stream gathers once it has been fast for a while', async (t) => {
  t.equal(stream(new GatherPace(), 1000, 100, MB), 1010, 'the first look starts the clock, the second knows the rate');
  t.equal(stream(new GatherPace(), 1000, 100, MB / 8), -1, 'slower streams never do');
});

t.test('a burst after a silence is not yet a stream', async (t) => {
  const pace = new GatherPace();
  t.equal(pace.moved(1000, MB), false);
  t.equal(pace.moved(5000, 100 * MB), false);
  t.equal(pace.gathering, false);
});

t.test('looks that find little end it, and it rests longer each time', async (t) => {
  const pace = new GatherPace();
  let now = 1000;
  const rests: number[] = [];
  for (let i = 0; i < 10; i++) {
    const began = stream(pace, now, 20_000, MB);
    rests.push(began - now);
    now = began + 2;
    t.equal(pace.swept(now, 4096), false, 'one may be chance');
    t.equal(pace.swept(now + 2, 4096), true);
    t.equal(pace.gathering, false);
    now += 3;
  }
  t.ok(rests.every((rest, i) => i === 0 || rest >= (rests[i - 1] ?? 0)));
  t.ok((rests.at(-1) ?? 0) >= 4_900 && (rests.at(-1) ?? 0) <= 5_100, rests.join(' '));
});

t.test('looks that find much are borne for a while', async (t) => {
  const pace = new GatherPace();
  const now = stream(pace, 1000, 100, MB);
  for (let i = 1; i <= 15; i++) t.equal(pace.swept(now + 2 * i, GATHER_BYTES / 2), false);
  t.equal(pace.moved(now + 31, MB), false, 'the kernel reported: all is well again');
  for (let i = 16; i <= 30; i++) t.equal(pace.swept(now + 2 * i, GATHER_BYTES / 2), false);
  t.equal(pace.swept(now + 62, GATHER_BYTES / 2), true);
});

t.test('a sender that has finished is no failure', async (t) => {
  const pace = new GatherPace();
  for (let i = 0; i < 20; i++) {
    const now = stream(pace, 1000 * (i + 1), 100, MB);
    t.ok(now > 0 && now <= 1000 * (i + 1) + 30);
    for (let look = 1; look < 16; look++) t.equal(pace.swept(now + 2 * look, 0), false);
    t.equal(pace.swept(now + 32, 0), true);
  }
});
