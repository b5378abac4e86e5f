import t from 'tap';
import { CODES } from '../../../src/resources/codes.ts';

t.test('every code is TWP and four digits, and means one thing', async (t) => {
  const codes = Object.values(CODES);
  for (const code of codes) t.match(code, /^TWP\d{4}$/);
  t.equal(new Set(codes).size, codes.length);
});
