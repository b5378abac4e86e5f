import t from 'tap';
import type { OutlierView } from '../../../../src/contract/cluster-views.ts';
import {
  compareEndpoints,
  ejectionMs,
  leastRate,
  mayEject,
  noteOutcome,
} from '../../../../src/proxy/endpoints/detect-outliers.ts';
import { EndpointHealth } from '../../../../src/proxy/endpoints/endpoint-health.ts';
import type { Outcome } from '../../../../src/proxy/endpoints/outcome.ts';
import { endpoints } from './support/seeded.ts';

const OFF: OutlierView = {
  consecutive5xx: 0,
  consecutiveGatewayErrors: 0,
  consecutiveLocalErrors: 0,
  splitLocalErrors: false,
  intervalMs: 10_000,
  baseEjectionMs: 30_000,
  maxEjectionMs: 300_000,
  maxEjectionPercent: 50,
  alwaysEjectOne: false,
};

/** `200`, `500`: answers; `c`, `r`, `t`: failed connect, reset, timeout; `+`: a connection. */
function outcome(word: string): Outcome {
  const causes = { c: 'connect', r: 'reset', t: 'timeout' } as const;
  if (word === '+') return { type: 'connected' };
  if (word === 'c' || word === 'r' || word === 't') return { type: 'local-failure', cause: causes[word] };
  return { type: 'answer', status: Number(word), grpcStatus: -1, seconds: 0 };
}

for (const [what, view, words, reasons] of [
  ['five in a row', { consecutive5xx: 5 }, '500 501 502 503 599', '- - - - consecutive-5xx'],
  ['a good one between begins anew', { consecutive5xx: 3 }, '500 500 200 500 500 404 500', '- - - - - - -'],
  [
    'it counts anew after the last straw',
    { consecutive5xx: 2 },
    '500 500 500 500',
    '- consecutive-5xx - consecutive-5xx',
  ],
  ['0 = off', {}, '500 500 500 c c c t', '- - - - - - -'],
  [
    'gateway errors only',
    { consecutiveGatewayErrors: 3 },
    '500 502 503 500 502 503 504',
    '- - - - - - consecutive-gateway-errors',
  ],
  [
    'both kinds: the gateway errors come first',
    { consecutive5xx: 3, consecutiveGatewayErrors: 3 },
    '503 503 503',
    '- - consecutive-gateway-errors',
  ],
  ['failures that are no answers count as 503 and 504', { consecutive5xx: 4 }, '500 c r t', '- - - consecutive-5xx'],
  [
    '... which are gateway errors',
    { consecutiveGatewayErrors: 3, consecutiveLocalErrors: 1 },
    'c r t',
    '- - consecutive-gateway-errors',
  ],
  ['TCP: connects', { consecutive5xx: 2 }, 'c + c c', '- - - consecutive-5xx'],
  [
    'split: apart',
    { splitLocalErrors: true, consecutive5xx: 3, consecutiveLocalErrors: 2 },
    '500 500 c 500 c c',
    '- - - consecutive-5xx - consecutive-local-errors',
  ],
  [
    'split: an answer is a connect that went well',
    { splitLocalErrors: true, consecutiveLocalErrors: 2 },
    'c 500 c + c',
    '- - - - -',
  ],
] as const) {
  t.test(what, async (t) => {
    const [endpoint] = endpoints(1);
    const health = new EndpointHealth(endpoint, 0);
    const got = words.split(' ').map((word) => noteOutcome({ ...OFF, ...view }, health, outcome(word)) ?? '-');
    t.equal(got.join(' '), reasons);
  });
}

t.test('the least success rate is mean - factor x standard deviation', async (t) => {
  t.equal(leastRate([100, 100, 100], 1900), 100);
  // Mean 90, deviation 20.
  t.equal(leastRate([100, 100, 100, 100, 50], 1900), 52);
  t.equal(leastRate([100, 100, 100, 100, 50], 1000), 70);
});

/** Each as [good, total]. */
function tallied(tallies: readonly (readonly [number, number])[]): EndpointHealth[] {
  return endpoints(tallies.length).map((endpoint, i) => {
    const health = new EndpointHealth(endpoint, 0);
    [health.answers.good, health.answers.total] = tallies[i];
    return health;
  });
}

const GOOD = [100, 100] as const;
const byRate = { successRate: { stdevFactor: 1900, minHosts: 5, minRequests: 100 } };
const byShare = { failurePercentage: { threshold: 85, minRequests: 50 } };

for (const [what, view, tallies, wanted] of [
  ['one far below the others', byRate, [GOOD, GOOD, GOOD, GOOD, [50, 100]], '4 success-rate'],
  [
    'all alike',
    byRate,
    [
      [50, 100],
      [50, 100],
      [50, 100],
      [50, 100],
      [50, 100],
    ],
    '',
  ],
  ['too few endpoints', byRate, [GOOD, GOOD, GOOD, [0, 100]], ''],
  ['too few endpoints with enough requests', byRate, [GOOD, GOOD, GOOD, [99, 99], [0, 100]], ''],
  ['one with few requests is left out', byRate, [GOOD, GOOD, GOOD, GOOD, [50, 100], [0, 99]], '4 success-rate'],
  [
    '85 % failed',
    byShare,
    [
      [15, 100],
      [16, 100],
      [7, 49],
      [7, 50],
      [0, 50],
    ],
    '0 failure-percentage,3 failure-percentage,4 failure-percentage',
  ],
  ['nothing is asked for', {}, [[0, 100], GOOD, GOOD, GOOD, GOOD], ''],
  ['no traffic', { ...byShare, failurePercentage: { threshold: 0, minRequests: 0 } }, [[0, 0]], ''],
] as const) {
  t.test(what, async (t) => {
    const all = tallied(tallies);
    const verdicts = compareEndpoints({ ...OFF, ...view }, all);
    t.equal(verdicts.map(({ health, reason }) => `${all.indexOf(health)} ${reason}`).join(), wanted);
  });
}

t.test('split: connects are compared too, apart from answers', async (t) => {
  const all = tallied([GOOD, GOOD]);
  all[1].connects.total = 50;
  all[1].connects.good = 5;
  t.same(compareEndpoints({ ...OFF, ...byShare }, all), []);
  const [verdict] = compareEndpoints({ ...OFF, ...byShare, splitLocalErrors: true }, all);
  t.equal(verdict.health, all[1]);
});

for (const [times, ms] of [
  [1, 30_000],
  [2, 60_000],
  [9, 270_000],
  [10, 300_000],
  [99, 300_000],
] as const) {
  t.test(`ejection ${times} takes ${ms} ms`, async (t) => {
    t.equal(ejectionMs(OFF, times), ms);
  });
}

t.test('the base is the least, even above the limit', async (t) => {
  t.equal(ejectionMs({ ...OFF, maxEjectionMs: 1000 }, 3), 30_000);
});

for (const [percent, always, ejected, count, may] of [
  [10, false, 0, 3, false],
  [10, true, 0, 3, true],
  [10, true, 1, 3, false],
  [10, false, 0, 10, true],
  [10, false, 1, 10, false],
  [50, false, 0, 2, true],
  [50, false, 1, 2, false],
  [50, false, 1, 3, false],
  [100, false, 2, 3, true],
  [0, false, 0, 100, false],
] as const) {
  t.test(`${percent} %${always ? ' or one' : ''}, ${ejected} of ${count} ejected: ${may}`, async (t) => {
    t.equal(mayEject({ ...OFF, maxEjectionPercent: percent, alwaysEjectOne: always }, ejected, count), may);
  });
}
