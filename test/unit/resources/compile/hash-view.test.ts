import t from 'tap';
import { hashView } from '../../../../src/resources/index.ts';

t.test('the hash depends on content, not on the order of members', async (t) => {
  t.equal(hashView({ a: 1, b: { c: [1, 2], d: null } }), hashView({ b: { d: null, c: [1, 2] }, a: 1 }));
  t.not(hashView({ a: [1, 2] }), hashView({ a: [2, 1] }));
  t.match(hashView({}), /^[0-9a-f]{16}$/);
});
