import t from 'tap';
import { parseDuration } from '../../../src/resources/parse-duration.ts';

t.test('durations of GEP-2257', async (t) => {
  const good: Record<string, number> = {
    '0s': 0,
    '0h': 0,
    '1s': 1000,
    '500ms': 500,
    '1h': 3_600_000,
    '1m30s': 90_000,
    '1h2m3s4ms': 3_723_004,
    '30s1m': 90_000,
    '99999h': 359_996_400_000,
    '1m1ms': 60_001,
  };
  for (const [text, ms] of Object.entries(good)) t.equal(parseDuration(text), ms, text);
  for (const text of [
    '',
    '1',
    's',
    '1.5s',
    '-1s',
    '+1s',
    '1d',
    '1us',
    '100000s',
    '1s ',
    ' 1s',
    '1S',
    '1h1h1h1h1h',
    '1s\n',
    '١s',
  ]) {
    t.equal(parseDuration(text), null, JSON.stringify(text));
  }
});
