import t from 'tap';
import { parseDuration } from '../../../src/cli/parse-duration.ts';

t.test('durations with a unit', async (t) => {
  for (const [text, ms] of [
    ['500ms', 500],
    ['10s', 10_000],
    ['2m', 120_000],
    ['0s', 0],
  ] as const) {
    t.equal(parseDuration('apply', '--timeout', text), ms);
  }
});

t.test('anything else is a usage error', async (t) => {
  for (const text of ['', '10', 's', '-1s', '1h', '1.5s', '1s ', '9999999s']) {
    t.throws(() => parseDuration('apply', '--timeout', text), { exitCode: 2, message: /must be like/ });
  }
});
