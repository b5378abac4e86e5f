import t from 'tap';
import { closestWord } from '../../../src/core/closest-word.ts';

t.test('a slip of the keyboard finds its word, an unrelated word does not', async (t) => {
  const known = ['backendRefs', 'matches', 'name', 'timeouts'];
  const table: Record<string, string | null> = {
    backendRef: 'backendRefs',
    backendrefs: 'backendRefs',
    match: 'matches',
    nmae: 'name',
    timeout: 'timeouts',
    weight: null,
    '': null,
    x: null,
  };
  for (const [word, expected] of Object.entries(table)) t.equal(closestWord(word, known), expected, word);
  t.equal(closestWord('x'.repeat(1_000_000), known), null, 'and nothing is spent on absurd words');
});
