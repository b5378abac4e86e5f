import t from 'tap';
import { diffValues } from '../../../src/core/diff-values.ts';

t.test('the smallest parts that differ, with their paths', async (t) => {
  for (const [name, before, after, expected] of [
    ['nothing', { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
    ['a leaf', { a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, [{ path: 'a.c', before: 2, after: 3 }]],
    ['added', {}, { a: { b: 1 } }, [{ path: 'a', after: { b: 1 } }]],
    ['removed', { a: null }, {}, [{ path: 'a', before: null }]],
    ['another type', { a: [] }, { a: {} }, [{ path: 'a', before: [], after: {} }]],
    ['the whole', 1, 2, [{ path: '', before: 1, after: 2 }]],
    ['put in first', ['b', 'c'], ['a', 'b', 'c'], [{ path: '[0]', after: 'a' }]],
    ['put in between', ['a', 'c'], ['a', 'b', 'c'], [{ path: '[1]', after: 'b' }]],
    ['taken out at the end', ['a', 'b'], ['a'], [{ path: '[1]', before: 'b' }]],
    ['of equal ones one more', ['a', 'a'], ['a', 'a', 'a'], [{ path: '[2]', after: 'a' }]],
    ['changed inside a list', [{ n: 1 }, { n: 2 }], [{ n: 1 }, { n: 3 }], [{ path: '[1].n', before: 2, after: 3 }]],
    ['a key with dots', { 'a.b/c': 1 }, { 'a.b/c': 2 }, [{ path: '["a.b/c"]', before: 1, after: 2 }]],
    ['a key of every object', {}, JSON.parse('{"constructor": 1}'), [{ path: 'constructor', after: 1 }]],
  ] as const) {
    t.same(diffValues(before, after, 10), expected, name);
  }
});

t.test('no more changes than asked for', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, i]));
  t.equal(diffValues({}, many, 7).length, 7);
});
