import t from 'tap';
import { parseCount } from '../../../src/cli/parse-count.ts';

t.test('whole numbers above 0', async (t) => {
  t.equal(parseCount('history', '--revision', '41'), 41);
  for (const text of ['0', '-1', '1.5', 'x', '', '9'.repeat(20)])
    t.throws(() => parseCount('history', '--revision', text), { exitCode: 2, message: /above 0/ }, text);
});
