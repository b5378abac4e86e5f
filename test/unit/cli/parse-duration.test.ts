import t from 'tap';
import { parseDuration, parseLongDuration } from '../../../src/cli/parse-duration.ts';

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

t.test('times back from now', async (t) => {
  for (const [text, ms] of [
    ['30s', 30_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['999999d', 34_560_000_000],
  ] as const) {
    t.equal(parseLongDuration('audit', '--since', text), ms);
  }
  for (const text of ['', '1', '1w', '500ms', '-1h'])
    t.throws(() => parseLongDuration('audit', '--since', text), { exitCode: 2, message: /must be like/ }, text);
});
