import t from 'tap';
import { levelOf, spreadLoad } from '../../../../src/proxy/endpoints/locality.ts';

for (const [home, locality, level] of [
  ['eu/a/1', 'eu/a/1', 0],
  ['eu/a/1', 'eu/a/2', 1],
  ['eu/a/1', 'eu/a', 1],
  ['eu/a/1', 'eu/b/1', 2],
  ['eu/a/1', 'eu', 2],
  ['eu/a/1', 'us/a/1', 3],
  ['eu/a/1', undefined, 3],
  ['eu/a/1', '', 3],
  ['eu/a', 'eu/a', 0],
  ['eu/a', 'eu/a/1', 1],
  ['eu', 'eu', 0],
  ['', 'eu/a/1', 3],
] as const) {
  t.test(`from ${home} to ${locality}: level ${level}`, async (t) => {
    t.equal(levelOf(home, locality), level);
  });
}

/** Percent, as in Envoy's documentation of priority levels. */
for (const [healthy, total, loads] of [
  [[100], [100], [100]],
  [
    [100, 100],
    [100, 100],
    [100, 0],
  ],
  [
    [72, 100],
    [100, 100],
    [100, 0],
  ],
  [
    [71, 100],
    [100, 100],
    [99.4, 0.6],
  ],
  [
    [50, 100],
    [100, 100],
    [70, 30],
  ],
  [
    [25, 100],
    [100, 100],
    [35, 65],
  ],
  [
    [0, 100],
    [100, 100],
    [0, 100],
  ],
  [
    [25, 25],
    [100, 100],
    [50, 50],
  ],
  [
    [25, 0],
    [100, 100],
    [100, 0],
  ],
  [
    [20, 20, 10],
    [100, 100, 100],
    [40, 40, 20],
  ],
  [
    [50, 50, 50],
    [100, 100, 100],
    [70, 30, 0],
  ],
  [
    [0, 0],
    [10, 10],
    [0, 0],
  ],
  [
    [0, 1],
    [0, 1],
    [0, 100],
  ],
] as const) {
  t.test(`${healthy} of ${total} healthy: ${loads} % of the load`, async (t) => {
    const got = spreadLoad(healthy, total).map((load) => Math.round(load * 1000) / 10);
    t.same(got, loads);
  });
}
