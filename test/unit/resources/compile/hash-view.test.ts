import { createHash } from 'node:crypto';
import t from 'tap';
import { hashView } from '../../../../src/resources/index.ts';

t.test('the hash depends on content, not on the order of members', async (t) => {
  t.equal(hashView({ a: 1, b: { c: [1, 2], d: null } }), hashView({ b: { d: null, c: [1, 2] }, a: 1 }));
  t.not(hashView({ a: [1, 2] }), hashView({ a: [2, 1] }));
  t.not(hashView({ a: null }), hashView({}));
  t.equal(hashView({ a: undefined, b: [] }), hashView({ b: [] }), 'what is undefined is not there');
  t.equal(hashView({ 10: 'a', 9: 'b' }), hashView({ 9: 'b', 10: 'a' }));
  t.match(hashView({}), /^[0-9a-f]{16}$/);
});

t.test('it is the hash of sorted JSON', async (t) => {
  const body = { z: [{ b: 1, a: 'x"\n' }, [], null], a: { y: 1.5, x: false } };
  const sorted = '{"a":{"x":false,"y":1.5},"z":[{"a":"x\\"\\n","b":1},[],null]}';
  t.equal(hashView(body), createHash('sha256').update(sorted).digest('hex').slice(0, 16));
});
