import t from 'tap';
import type { RouteEntryView } from '../../../../src/contract/views.ts';
import { compileRouting, matchRoute } from '../../../../src/proxy/policy/match-route.ts';
import { bytes, parseRequest } from '../codec/http1/fixture.ts';

function entry(part: Partial<RouteEntryView>): RouteEntryView {
  return { path: null, method: null, headers: [], query: [], action: 0, ...part };
}
const exact = (value: string): RouteEntryView => entry({ path: { type: 'Exact', value } });
const prefix = (value: string): RouteEntryView => entry({ path: { type: 'PathPrefix', value } });
const header = (name: string, value: string): RouteEntryView => entry({ headers: [{ name, value }] });
const query = (...pairs: [string, string][]): RouteEntryView =>
  entry({ query: pairs.map(([name, value]) => ({ name, value })) });

function matches(match: RouteEntryView, line: string, fields = ''): boolean {
  const head = parseRequest(`${line} HTTP/1.1\r\nHost: a:1\r\n${fields}\r\n`);
  return matchRoute(compileRouting({ entries: [match], actions: [] }), head, bytes) === 0;
}

const paths: readonly (readonly [RouteEntryView, string, boolean])[] = [
  [exact('/a'), '/a', true],
  [exact('/a'), '/a/', false],
  [exact('/a'), '/A', false],
  [exact('/a'), '/a?x=y', true],
  [exact('/a'), '/ab', false],
  [exact('/'), '/', true],
  [exact('/'), '/a', false],
  [exact('/'), 'http://a', true],
  [exact('/b'), 'http://a/b?c', true],
  [prefix('/'), '/', true],
  [prefix('/'), '/anything', true],
  [prefix('/'), 'http://a', true],
  [prefix('/v2'), '/v2', true],
  [prefix('/v2'), '/v2/', true],
  [prefix('/v2'), '/v2/x', true],
  [prefix('/v2'), '/v2x', false],
  [prefix('/v2'), '/v2?x', true],
  [prefix('/v2'), '/V2/x', false],
  [prefix('/v2'), '/v', false],
  [prefix('/v2/'), '/v2', true],
  [prefix('/v2/'), '/v2/x', true],
  [prefix('/v2/'), '/v2x', false],
  [prefix('/v2'), 'http://a', false],
  [exact('/%61'), '/a', false],
];
for (const [match, target, expected] of paths) {
  t.test(`${match.path?.type} ${match.path?.value} ${expected ? 'matches' : 'does not match'} ${target}`, (t) => {
    t.equal(matches(match, `GET ${target}`), expected);
    t.end();
  });
}

t.test('methods are compared exactly', (t) => {
  t.ok(matches(entry({ method: 'POST' }), 'POST /'));
  t.notOk(matches(entry({ method: 'POST' }), 'post /'));
  t.notOk(matches(entry({ method: 'POST' }), 'POS /'));
  t.ok(matches(entry({ method: 'OPTIONS' }), 'OPTIONS *'));
  t.end();
});

t.test('header names ignore case, values do not; values are trimmed', (t) => {
  t.ok(matches(header('x-a', 'One'), 'GET /', 'X-A:  One \r\n'));
  t.ok(matches(header('X-A', 'One'), 'GET /', 'x-a: One\r\n'));
  t.notOk(matches(header('x-a', 'One'), 'GET /', 'X-A: one\r\n'));
  t.notOk(matches(header('x-a', 'One'), 'GET /', 'X-A: One more\r\n'));
  t.notOk(matches(header('x-a', 'One'), 'GET /'));
  t.ok(matches(header('host', 'a:1'), 'GET /'));
  t.ok(matches(header('x-a', ''), 'GET /', 'X-A:\r\n'));
  t.end();
});

t.test('a header that came several times has the joined value', (t) => {
  t.ok(matches(header('x-a', '1, 2'), 'GET /', 'X-A: 1\r\nB: c\r\nx-a: 2\r\n'));
  t.notOk(matches(header('x-a', '1'), 'GET /', 'X-A: 1\r\nx-a: 2\r\n'));
  t.end();
});

t.test('all headers must match; of one name only the first counts', (t) => {
  const both = entry({
    headers: [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
      { name: 'a', value: '9' },
    ],
  });
  t.ok(matches(both, 'GET /', 'A: 1\r\nB: 2\r\n'));
  t.notOk(matches(both, 'GET /', 'A: 1\r\n'));
  t.end();
});

const queries: readonly (readonly [RouteEntryView, string, boolean])[] = [
  [query(['a', '1']), 'a=1', true],
  [query(['a', '1']), 'b=2&a=1', true],
  [query(['a', '1']), 'a=2&a=1', false],
  [query(['a', '1']), 'a=1&a=2', true],
  [query(['a', '1']), 'A=1', false],
  [query(['a', '1']), 'aa=1', false],
  [query(['a', '']), 'a', true],
  [query(['a', '']), 'a=', true],
  [query(['a', '']), 'b', false],
  [query(['a', 'x=y']), 'a=x=y', true],
  [query(['a b', 'c&d']), 'a%20b=c%26d', true],
  [query(['\u00e4', '\u20ac']), '%C3%A4=%e2%82%ac', true],
  [query(['a', '1+1']), 'a=1+1', true],
  [query(['a', '1+1']), 'a=1%2B1', true],
  [query(['a', '%zz']), 'a=%zz', true],
  [query(['a', '1'], ['b', '2']), 'b=2&a=1', true],
  [query(['a', '1'], ['b', '2']), 'a=1', false],
  [query(['__proto__', 'x']), '__proto__=x', true],
  [query(['constructor', 'x']), '', false],
];
for (const [match, text, expected] of queries) {
  t.test(`?${text} ${expected ? 'has' : 'does not have'} ${JSON.stringify(match.query)}`, (t) => {
    t.equal(matches(match, `GET /p?${text}`), expected);
    t.end();
  });
}

t.test('the first entry that matches decides, and no entry means no route', (t) => {
  const entries = [{ ...exact('/a'), action: 2 }, { ...prefix('/a'), action: 1 }, entry({ method: 'PUT', action: 0 })];
  const routing = compileRouting({ entries, actions: [] });
  const route = (line: string): number =>
    matchRoute(routing, parseRequest(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`), bytes);
  t.equal(route('GET /a'), 2);
  t.equal(route('PUT /a/b'), 1);
  t.equal(route('PUT /c'), 0);
  t.equal(route('GET /c'), -1);
  t.end();
});
