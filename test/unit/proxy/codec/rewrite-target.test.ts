import t from 'tap';
import type { PathRewriteView } from '../../../../src/contract/route-views.ts';
import { compileRequestEdits } from '../../../../src/proxy/codec/http1/header-edits.ts';
import { newTarget } from '../../../../src/proxy/codec/new-target.ts';
import { compilePathRewrite, newPath, queryOf } from '../../../../src/proxy/codec/rewrite-target.ts';
import { bytes, parseRequest } from './http1/fixture.ts';

const head = (target: string, method = 'GET') => parseRequest(`${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
const prefix = (from: string, value: string): PathRewriteView => ({ type: 'ReplacePrefixMatch', prefix: from, value });
const whole = (value: string): PathRewriteView => ({ type: 'ReplaceFullPath', value });

// The eleven rows of Gateway API's HTTPPathModifier.
for (const [path, match, value, wanted] of [
  ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
  ['/foo', '/foo', '/xyz', '/xyz'],
  ['/foo/', '/foo', '/xyz', '/xyz/'],
  ['/foo/bar', '/foo', '', '/bar'],
  ['/foo/', '/foo', '', '/'],
  ['/foo', '/foo', '', '/'],
  ['/foo/', '/foo', '/', '/'],
  ['/foo', '/foo', '/', '/'],
  // ... and what it does not say.
  ['/a/b', '/', '/xyz', '/xyz/a/b'],
  ['/', '/', '/xyz', '/xyz/'],
  ['/foo//bar', '/foo', '', '//bar'],
  ['/foo/a%2Fb', '/foo', '/x', '/x/a%2Fb'],
  ['/f%C3%BC/a', '/f%C3%BC', '/x', '/x/a'],
  ['/foo/bar', '/foo', 'xyz', '/xyz/bar'],
  ['/foo/bar', '/foo', '/ü b?#', '/%C3%BC%20b%3F%23/bar'],
] as const) {
  t.test(`${path} with ${match} replaced by "${value}" is ${wanted}`, (t) => {
    t.equal(newPath(bytes, head(path), compilePathRewrite(prefix(match, value))), wanted);
    t.end();
  });
}

for (const [target, value, wanted] of [
  ['/a/b', '/x', '/x'],
  ['/a', '/x/', '/x/'],
  ['/a', '', '/'],
  ['http://a', '/x', '/x'],
] as const) {
  t.test(`the whole of ${target} is replaced by "${value}"`, (t) => {
    t.equal(newPath(bytes, head(target), compilePathRewrite(whole(value))), wanted);
    t.end();
  });
}

t.test('the query stays as it is', (t) => {
  t.equal(queryOf(bytes, head('/a?b=%20&c')), '?b=%20&c');
  t.equal(queryOf(bytes, head('/a?')), '');
  t.equal(queryOf(bytes, head('/a')), '');
  t.equal(queryOf(bytes, head('http://a?b')), '?b');
  t.end();
});

const onPath = compileRequestEdits([], [{ path: prefix('/a', '/z') }]);
const onHost = compileRequestEdits([], [{ hostname: 'other' }]);
for (const [what, target, method, edits, wanted] of [
  ['a path and its query', '/a/b?c', 'GET', onPath, '/z/b?c'],
  ['absolute form', 'http://h/a/b?c', 'GET', onPath, '/z/b?c'],
  ['no edits', '/a/b', 'GET', null, null],
  ['a host alone', '/a/b', 'GET', onHost, null],
  ['a host in absolute form', 'http://h/a?b', 'GET', onHost, '/a?b'],
  ['a host in absolute form without a path', 'http://h', 'GET', onHost, '/'],
  ['OPTIONS *', '*', 'OPTIONS', onPath, '*'],
  ['OPTIONS of a whole server in absolute form', 'http://h', 'OPTIONS', onHost, '*'],
  ['OPTIONS of a path', '/a/b', 'OPTIONS', onPath, '/z/b'],
  ['CONNECT', 'h:1', 'CONNECT', onPath, null],
] as const) {
  t.test(`the new target of ${what}`, (t) => {
    t.equal(newTarget(bytes, head(target, method), edits), wanted);
    t.end();
  });
}

t.test('the last level that says something wins, and its host is stronger than an edit', (t) => {
  const set = { set: [{ name: 'host', value: 'edit' }], add: [], remove: [] };
  const both = compileRequestEdits([set], [{ hostname: 'rule', path: whole('/r') }, { path: whole('/b') }]);
  t.match(both, { setsHost: true, path: { value: '/b' }, edits: [{ value: 'rule' }] });
  t.match(compileRequestEdits([set], []), { setsHost: true, path: null, edits: [{ value: 'edit' }] });
  t.equal(compileRequestEdits([null, null], [undefined, undefined]), null);
  t.equal(compileRequestEdits([], [{}]), null);
  t.end();
});
