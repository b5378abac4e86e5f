import t from 'tap';
import { renewAtMs, retryDelayMs } from '../../../../src/agent/identity/renewal.ts';

const HOUR = 3_600_000;

t.test('a certificate is renewed at half of its life, give or take a twentieth', async (t) => {
  const life = { notBeforeMs: 1_000_000, notAfterMs: 1_000_000 + 24 * HOUR };
  const cases: readonly (readonly [number, number])[] = [
    [0, 10.8],
    [0.5, 12],
    [1, 13.2],
  ];
  for (const [random, hours] of cases) {
    t.ok(Math.abs(renewAtMs(life, random) - life.notBeforeMs - hours * HOUR) < 1, `${random}: after ${hours} h`);
  }
});

t.test('after failures it is tried again later and later, but often enough near the end', async (t) => {
  const cases: readonly (readonly [string, number, number | null, number, number])[] = [
    ['first', 1, null, 0, 1_000],
    ['third', 3, null, 0, 4_000],
    ['a random part is taken off', 3, null, 1, 2_000],
    ['never longer than a minute', 50, null, 0, 60_000],
    ['a long life left changes nothing', 50, 24 * HOUR, 0, 60_000],
    ['half a minute left: ten tries in it', 50, 30_000, 0, 3_000],
    ['almost over: not without a pause', 50, 100, 0, 250],
    ['over: as without one', 3, 0, 0, 4_000],
  ];
  for (const [name, tries, rest, random, expected] of cases) t.equal(retryDelayMs(tries, rest, random), expected, name);
});
