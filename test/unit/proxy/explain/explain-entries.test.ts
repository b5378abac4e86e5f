import t, { type Test } from 'tap';
import type { HttpRoutingView, RouteEntryView } from '../../../../src/contract/views.ts';
import { HeadParser } from '../../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../../src/proxy/codec/http1/llhttp.ts';
import { explainEntries } from '../../../../src/proxy/explain/explain-entries.ts';
import { readQuestion } from '../../../../src/proxy/explain/read-question.ts';
import { compileRouting, matchRoute } from '../../../../src/proxy/policy/match-route.ts';

const llhttp = createLlhttp({ slabBytes: 65_536, parsers: 1 });
const parser = new HeadParser(llhttp);

function ask(t: Test, view: HttpRoutingView, path: string, headers: [string, string][] = []) {
  const question = { method: 'GET', authority: 'orders.shop', path, headers };
  const problem = readQuestion(parser, llhttp.bytes, llhttp.slabStart, 65_536, question);
  if (problem !== null) throw new Error(problem);
  const explained = explainEntries(view, parser.head, llhttp.bytes);
  t.equal(explained.action, matchRoute(compileRouting(view), parser.head, llhttp.bytes), `as traffic: ${path}`);
  return explained;
}

const entry = (value: string, action: number, more: Partial<RouteEntryView> = {}): RouteEntryView => ({
  path: { type: 'PathPrefix', value },
  method: null,
  headers: [],
  query: [],
  action,
  ...more,
});
const action = (rule: string): HttpRoutingView['actions'][number] => ({
  route: 'shop/r',
  rule,
  backends: [],
  requestHeaders: null,
  requestTimeoutMs: null,
});

t.test('each condition is told for itself, and only all of them together match', async (t) => {
  const view: HttpRoutingView = {
    entries: [
      entry('/a', 0, {
        method: 'POST',
        headers: [{ name: 'x', value: '1' }],
        query: [
          { name: 'q', value: '1' },
          { name: 'r', value: '2' },
        ],
      }),
      { path: null, method: null, headers: [], query: [], action: 1 },
    ],
    actions: [action('one'), action('rest')],
  };
  const { tried, action: decided } = ask(t, view, '/a?q=1&r=3', [['X', '1']]);
  t.equal(decided, 1);
  t.strictSame(
    tried[0]?.conditions.map(({ what, matches }) => `${what}: ${matches}`),
    ['path PathPrefix /a: true', 'method POST: false', 'header x = 1: true', 'query q = 1: true', 'query r = 2: false'],
  );
  t.match(tried[1], { rule: 'rest', matches: true, conditions: [] });
});

t.test('patterns and cookies are told as they are matched', async (t) => {
  const pattern = { name: 'x', value: 'b.*a', type: 'RegularExpression' as const };
  const view: HttpRoutingView = {
    entries: [
      entry('/v[0-9]+/.*', 0, {
        path: { type: 'RegularExpression', value: '/v[0-9]+/.*' },
        headers: [pattern],
        cookies: [{ name: 'pilot', value: 'on' }],
      }),
    ],
    actions: [action('one')],
  };
  const told = (headers: [string, string][]) =>
    ask(t, view, '/v12/x', headers).tried[0]?.conditions.map(({ what, matches }) => `${what}: ${matches}`);
  const names = ['path RegularExpression /v[0-9]+/.*', 'header x ~ b.*a', 'cookie pilot = on'];
  t.strictSame(
    told([
      ['X', 'beta'],
      ['Cookie', 'a=b; pilot=on'],
    ]),
    names.map((name) => `${name}: true`),
  );
  t.strictSame(
    told([
      ['X', 'alpha'],
      ['Cookie', 'pilot=off'],
    ]),
    [`${names[0]}: true`, `${names[1]}: false`, `${names[2]}: false`],
  );
});

t.test('of many entries only the last that were tried are told', async (t) => {
  const entries = Array.from({ length: 200 }, (_, i) => entry(`/p${i}/x`, i));
  const view = { entries, actions: entries.map((_, i) => action(String(i))) };
  const found = ask(t, view, '/p120/x/y');
  t.equal(found.tried.length, 50);
  t.match(found.tried.at(-1), { place: 120, matches: true });
  t.strictSame(found.untold, { before: 71, after: 79 });
  const none = ask(t, view, '/none');
  t.match(none, { action: -1, untold: { before: 150, after: 0 } });
  t.ok(none.tried.every(({ matches }) => !matches));
});

t.test('the trace and traffic agree on any request', async (t) => {
  const paths = ['/', '/a', '/a/b', '/a/b/c', '/ab', '/a?q=1', '/a/b?q=2&q=1', '/b'];
  const view: HttpRoutingView = {
    entries: [
      entry('/a/b', 0, { query: [{ name: 'q', value: '1' }] }),
      entry('/a/b', 1),
      entry('/a', 2, { headers: [{ name: 'x', value: '1' }] }),
      entry('/a', 3, { path: { type: 'Exact', value: '/a' } }),
      entry('/', 4, { method: 'DELETE' }),
      entry('/b', 5),
    ],
    actions: ['0', '1', '2', '3', '4', '5'].map(action),
  };
  for (const path of paths) for (const value of ['1', '2']) ask(t, view, path, [['x', value]]);
});
