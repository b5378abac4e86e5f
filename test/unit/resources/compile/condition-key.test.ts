import t from 'tap';
import { attributeOf } from '../../../../src/resources/compile/condition-key.ts';
import { pathProblem } from '../../../../src/resources/schema/path-pattern.ts';

t.test('keys of conditions', async (t) => {
  t.same(attributeOf('source.ip'), { attribute: 'source.ip', key: [] });
  t.same(attributeOf('request.headers[User-Agent]'), { attribute: 'request.headers', key: ['User-Agent'] });
  t.same(attributeOf('request.auth.claims[https://x/y][z]'), {
    attribute: 'request.auth.claims',
    key: ['https://x/y', 'z'],
  });
  for (const key of [
    '',
    'source',
    'request.headers',
    'request.headers[a b]',
    'request.headersx[a]',
    'request.auth.claims[]',
    'request.auth.claims[a',
  ])
    t.match(attributeOf(key), { problem: String }, key);
});

t.test('paths of policies', async (t) => {
  for (const path of ['/', '/a*', '*a', '*', '/a/{*}/b/{**}', '/a/{**}/b']) t.equal(pathProblem(path), null, path);
  for (const path of ['a', '/a*b', '**', '*a*', '/a/{**}/{*}', '{*}', '/a#b', '/ä'])
    t.not(pathProblem(path), null, path);
});
