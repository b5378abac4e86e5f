import t, { type Test } from 'tap';
import { type Expected, StallWatch } from '../../../src/proxy/stall-watch.ts';

const LIMIT = 1000;

/** Looks in order: [now, expected, moved, interruptions, verdict]. */
function run(t: Test, rate: number, looks: readonly [number, Expected, number, number, boolean][]): void {
  const watch = new StallWatch();
  for (const [now, expected, moved, interruptions, verdict] of looks)
    t.equal(
      watch.look(now, expected, moved, interruptions, LIMIT, rate),
      verdict,
      `at ${now} ms: ${expected}, ${moved}`,
    );
  t.end();
}

t.test('a client that takes nothing is given the limit, from the first look that finds it waiting', (t) =>
  run(t, 0, [
    [0, 'nothing', 0, 0, false],
    [500, 'take', 100, 0, false],
    [1000, 'take', 100, 0, false],
    [1499, 'take', 100, 0, false],
    [1500, 'take', 100, 0, true],
  ]),
);

t.test('one byte is enough when there is no rate', (t) =>
  run(t, 0, [
    [0, 'take', 100, 0, false],
    [900, 'take', 101, 0, false],
    [1800, 'take', 101, 0, false],
    [1900, 'take', 101, 0, true],
  ]),
);

t.test("a silence of the server is not the client's", (t) =>
  run(t, 0, [
    [0, 'take', 100, 0, false],
    [500, 'nothing', 100, 0, false],
    [5000, 'take', 100, 0, false],
    [5900, 'take', 100, 0, false],
  ]),
);

t.test('a body that dribbles below the rate is a stall, above it is not', (t) => {
  run(t, 100, [
    [0, 'send', 0, 0, false],
    [250, 'send', 10, 0, false],
    [500, 'send', 20, 0, false],
    [1000, 'send', 40, 0, true],
  ]);
});

t.test('a slow body above the rate goes on for ever', (t) => {
  const watch = new StallWatch();
  for (let now = 0; now < 60_000; now += 250)
    if (watch.look(now, 'send', now / 8, 0, LIMIT, 100)) t.fail(`cut at ${now} ms`);
  t.end();
});

t.test('a client that was made to wait by the server begins anew', (t) =>
  run(t, 100, [
    [0, 'send', 0, 0, false],
    [500, 'send', 1, 0, false],
    [900, 'send', 2, 1, false],
    [1800, 'send', 3, 1, false],
    [1900, 'send', 3, 1, true],
  ]),
);

t.test('the rate is for sending alone', (t) =>
  run(t, 1_000_000, [
    [0, 'take', 0, 0, false],
    [900, 'take', 1, 0, false],
    [1800, 'take', 2, 0, false],
  ]),
);
