import t from 'tap';
import { HEX_PAIRS } from '../../../src/core/hex.ts';

t.test('every byte has its two digits', async (t) => {
  const digits = Array.from(HEX_PAIRS, (pair) => Buffer.of(pair >> 8, pair & 0xff).toString('latin1'));
  t.equal(digits.join(''), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('hex'));
});
