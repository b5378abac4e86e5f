import t from 'tap';
import { ASKED_NEVER, askedPauseMs, NOT_ASKED, pauseMs, pushbackMs } from '../../../../src/proxy/policy/backoff.ts';
import { makeHead, makeSlab } from '../support/memory.ts';

const slab = makeSlab();
const NOON = Date.parse('Sun, 01 Jun 2025 12:00:00 GMT');

t.test('without a floor the pause is anything up to a bound that doubles, at most 250 ms', (t) => {
  const bounds = [25, 75, 175, 250, 250];
  bounds.forEach((bound, i) => {
    t.equal(pauseMs(-1, i + 1, 0), 0);
    t.equal(pauseMs(-1, i + 1, 0.5), bound / 2);
    t.ok(pauseMs(-1, i + 1, 1 - Number.EPSILON) < bound);
  });
  t.end();
});

t.test('a floor is doubled for each retry that follows, up to ten times, and never undercut', (t) => {
  t.same(
    [1, 2, 3, 4, 5, 6].map((retry) => pauseMs(100, retry, 0)),
    [100, 200, 400, 800, 1000, 1000],
  );
  t.same(
    [0.5, 1 - Number.EPSILON].map((random) => Math.round(pauseMs(100, 1, random))),
    [113, 125],
  );
  t.equal(pauseMs(0, 3, 0.9), 0);
  t.end();
});

t.test('what the endpoint asks for: seconds or a date, 300 s at most', (t) => {
  const rows: [fields: [string, string][], ms: number][] = [
    [[], NOT_ASKED],
    [[['retry-after', '2']], 2000],
    [[['Retry-After', '0']], 0],
    [[['retry-after', '300']], 300_000],
    [[['retry-after', '301']], NOT_ASKED],
    [[['retry-after', '-1']], NOT_ASKED],
    [[['retry-after', '99999999999999999999']], NOT_ASKED],
    [[['retry-after', '1.5']], NOT_ASKED],
    [[['retry-after', '']], NOT_ASKED],
    [[['retry-after', 'Sun, 01 Jun 2025 12:00:07 GMT']], 7000],
    [[['retry-after', 'Sun, 01 Jun 2025 11:00:00 GMT']], 0],
    [[['retry-after', 'Sun, 01 Jun 2025 13:00:00 GMT']], NOT_ASKED],
    [[['retry-after', 'the day after tomorrow at 9am']], NOT_ASKED],
    [[['x-ratelimit-reset', '3']], 3000],
    [[['x-ratelimit-reset', String(NOON / 1000 + 5)]], 5000],
    [[['x-ratelimit-reset', String(NOON / 1000 - 5)]], 0],
    [[['x-ratelimit-reset', 'soon']], NOT_ASKED],
    [
      [
        ['retry-after', '900'],
        ['x-ratelimit-reset', '4'],
      ],
      4000,
    ],
    [
      [
        ['x-ratelimit-reset', '4'],
        ['retry-after', '1'],
      ],
      1000,
    ],
  ];
  for (const [fields, ms] of rows) {
    t.equal(askedPauseMs(slab.bytes, makeHead(slab, { status: 503 }, fields), NOON), ms, JSON.stringify(fields));
  }
  t.end();
});

t.test('gRPC push-back: ms, or never', (t) => {
  const read = (value: string) =>
    pushbackMs(slab.bytes, makeHead(slab, { status: 200 }, [['grpc-retry-pushback-ms', value]]));
  t.same(['0', '150', '-1', '', 'x', '300001'].map(read), [0, 150, ASKED_NEVER, ASKED_NEVER, ASKED_NEVER, ASKED_NEVER]);
  t.equal(pushbackMs(slab.bytes, makeHead(slab, { status: 200 }, [])), NOT_ASKED);
  t.end();
});
