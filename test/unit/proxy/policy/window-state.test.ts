import fc from 'fast-check';
import t from 'tap';
import {
  addRequest,
  countOf,
  EMPTY,
  endOf,
  REFUSED,
  removeRequest,
} from '../../../../src/proxy/policy/window-state.ts';

const TWO = { requests: 2, windowMs: 1_000 };

t.test('a window begins with its first request and lasts its length', async (t) => {
  let state = EMPTY;
  const steps: readonly [now: number, let_through: boolean, end: number, count: number][] = [
    [500, true, 1500, 1],
    [600.9, true, 1500, 2],
    [1499, false, 1500, 2],
    [1500, true, 2500, 1],
    [9000, true, 10_000, 1],
  ];
  for (const [now, passes, end, count] of steps) {
    const next = addRequest(state, TWO, now, 0);
    t.equal(next !== REFUSED, passes, `at ${now}`);
    if (next !== REFUSED) state = next;
    t.same([endOf(state), countOf(state)], [end, count], `at ${now}`);
  }
});

t.test('corners', async (t) => {
  t.equal(addRequest(EMPTY, { requests: 0, windowMs: 1_000 }, 1, 1), REFUSED, 'a limit of nothing');
  const hourly = { requests: 1, windowMs: 3_600_000, calendar: true as const };
  t.equal(
    endOf(addRequest(EMPTY, hourly, 100, 3_600_000 * 5 + 3_599_000)),
    1_100,
    'by the calendar: until the full hour',
  );
  const long = addRequest(EMPTY, { requests: 1, windowMs: 60_000 }, 0, 0);
  t.equal(endOf(addRequest(long, { requests: 1, windowMs: 1_000 }, 10, 0)), 1_010, 'a shorter window came in force');
  t.equal(
    countOf(addRequest(addRequest(EMPTY, TWO, 0, 0), { ...TWO, requests: 1 }, 1, 0)),
    countOf(REFUSED),
    'a lower limit',
  );
  const one = addRequest(EMPTY, TWO, 0, 0);
  t.equal(countOf(removeRequest(one, endOf(one))), 0);
  t.equal(removeRequest(one, endOf(one) + 1), one, 'counted in another window');
});

t.test('no window ever has more than its limit, whatever comes when', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 200 }),
      fc.integer({ min: 0, max: 5 }),
      (gaps, requests) => {
        let [state, now] = [EMPTY, 0];
        const passed = new Map<number, number>();
        for (const gap of gaps) {
          now += gap;
          const next = addRequest(state, { requests, windowMs: 1_000 }, now, 0);
          if (next === REFUSED) continue;
          state = next;
          passed.set(endOf(state), (passed.get(endOf(state)) ?? 0) + 1);
        }
        return [...passed.values()].every((count) => count <= requests);
      },
    ),
  );
  t.pass();
});
