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
  [exact('/a'), '/%61', true],
  [exact('/a'), '//a', true],
  [exact('/a'), '/x/../a', true],
  [exact('/a'), '/x/%2e%2e/a', true],
  [prefix('/v2'), '/v2/../v3', false],
  [prefix('/v2'), '/x/..%2fv2/y', true],
  [exact('/a;b'), '/a;b', true],
  [exact('/a'), '/a;b', false],
  [exact('/a%20b'), '/a%20b', true],
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

const regex = 'RegularExpression' as const;
const pattern = (value: string): RouteEntryView => entry({ path: { type: regex, value } });
for (const [match, target, expected] of [
  [pattern('/v[0-9]+/.*'), '/v12/x', true],
  [pattern('/v[0-9]+/.*'), '/v12/x?y', true],
  [pattern('/v[0-9]+/.*'), '/a/v12/x', false],
  [pattern('/v[0-9]+'), '/v1/x', false],
  [pattern('/a|/b'), '/b', true],
  [pattern('/%2[Ff]'), '/%2f', true],
  [pattern('//'), '/%2f', false],
  [pattern('/'), 'http://a', true],
  [pattern('/.*'), 'http://a/b', true],
  [pattern('.*'), '*', false],
  [pattern('(broken'), '/(broken', false],
] as const) {
  t.test(`the pattern ${match.path?.value} ${expected ? 'matches' : 'does not match'} ${target}`, (t) => {
    t.equal(matches(match, `${target === '*' ? 'OPTIONS' : 'GET'} ${target}`), expected);
    t.end();
  });
}

t.test('headers and parameters match by patterns, whole values only', (t) => {
  const byHeader = entry({ headers: [{ name: 'x-v', value: 'v[12]', type: regex }] });
  t.ok(matches(byHeader, 'GET /', 'X-V: v1\r\n'));
  t.notOk(matches(byHeader, 'GET /', 'X-V: v11\r\n'));
  t.notOk(matches(byHeader, 'GET /', 'X-V: v1\r\nX-V: v2\r\n'), 'the joined value');
  t.ok(matches(entry({ headers: [{ name: 'x-v', value: 'v1, v2', type: regex }] }), 'GET /', 'X-V: v1\r\nX-V: v2\r\n'));
  t.ok(
    matches(entry({ headers: [{ name: 'x-v', value: '\u00fc+', type: regex }] }), 'GET /', 'X-V: \xc3\xbc\xc3\xbc\r\n'),
  );
  const byQuery = entry({ query: [{ name: 'n', value: '[0-9]+', type: regex }] });
  t.ok(matches(byQuery, 'GET /?n=%31%32'));
  t.notOk(matches(byQuery, 'GET /?n=1x'));
  t.notOk(matches(byQuery, 'GET /'));
  t.end();
});

t.test('the host is the one that the request is for', (t) => {
  t.ok(matches(header('host', 'a:1'), 'GET /'));
  t.ok(matches(header('Host', 'b'), 'GET http://b/'), 'absolute form overrules Host');
  t.notOk(matches(header('host', 'a:1'), 'GET http://b/'));
  t.ok(matches(entry({ headers: [{ name: 'host', value: '[a-z]+:1', type: regex }] }), 'GET /'));
  t.notOk(matches(header('host', 'a'), 'GET /'), 'with its port');
  t.end();
});

const cookie = (name: string, value: string, type?: 'RegularExpression'): RouteEntryView =>
  entry({ cookies: [{ name, value, type }] });
for (const [match, fields, expected] of [
  [cookie('a', '1'), 'Cookie: a=1\r\n', true],
  [cookie('a', '1'), 'Cookie: b=2; a=1\r\n', true],
  [cookie('a', '1'), 'Cookie: b=2;a=1 ;c=3\r\n', true],
  [cookie('a', '1'), 'cookie: b=2\r\ncookie: a=1\r\n', true],
  [cookie('a', '1'), 'Cookie: a=2; a=1\r\n', false],
  [cookie('a', '1'), 'Cookie: a=2\r\nCookie: a=1\r\n', false],
  [cookie('a', '1'), 'Cookie: A=1\r\n', false],
  [cookie('a', '1'), 'Cookie: a="1"\r\n', true],
  [cookie('a', ''), 'Cookie: a=\r\n', true],
  [cookie('a', ''), 'Cookie: a\r\n', false],
  [cookie('a', 'x=y'), 'Cookie: a=x=y\r\n', true],
  [cookie('a', '1'), '', false],
  [cookie('user', 'b.*', regex), 'Cookie: user=bob\r\n', true],
  [cookie('user', 'b.*', regex), 'Cookie: user=alice\r\n', false],
  [cookie('a', '1'), `Cookie: ${'x=y;'.repeat(300)}a=1\r\n`, false],
] as const) {
  t.test(
    `${fields.slice(0, 40).trim()} ${expected ? 'has' : 'does not have'} ${JSON.stringify(match.cookies)}`,
    (t) => {
      t.equal(matches(match, 'GET /', fields), expected);
      t.end();
    },
  );
}

t.test('all of an entry must match, and what one request said is forgotten with the next', (t) => {
  const both = entry({ query: [{ name: 'q', value: '1' }], cookies: [{ name: 'c', value: '2' }] });
  t.ok(matches(both, 'GET /?q=1', 'Cookie: c=2\r\n'));
  t.notOk(matches(both, 'GET /?q=1', 'Cookie: c=3\r\n'));
  t.notOk(matches(both, 'GET /?q=2', 'Cookie: c=2\r\n'));
  t.end();
});
