import t from 'tap';
import { estimateSize } from '../../../src/core/regex-size.ts';

for (const [pattern, size] of [
  ['', 0],
  ['abc', 3],
  ['a|b', 3],
  ['(ab)c', 4],
  ['a{10}', 20],
  ['a{2,5}', 10],
  ['a{3,}', 6],
  ['(a{10}){10}', 220],
  ['(?:ab){4}c', 25],
  ['[a-z]{4}', 8],
  ['[]x]{4}', 8],
  ['[^]x]{4}', 8],
  ['[[:alpha:]_]{4}', 8],
  ['[\\]]{4}', 8],
  ['\\{{4}', 8],
  ['\\Q{4}\\E', 7],
  ['{4}', 4],
  ['a{x}', 4],
  ['((((', 0],
  ['))))', 4],
  ['[(', 1],
] as const) {
  t.test(`${pattern} is about ${size} steps`, (t) => {
    t.equal(estimateSize(pattern), size);
    t.end();
  });
}
