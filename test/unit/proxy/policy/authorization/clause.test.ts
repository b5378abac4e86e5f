import t from 'tap';
import { Asked } from '../../../../../src/proxy/policy/authorization/asked.ts';
import { compileClause } from '../../../../../src/proxy/policy/authorization/clause.ts';
import { HostMatcher, HostReading } from '../../../../../src/proxy/policy/authorization/host-reading.ts';
import { pathMatcher } from '../../../../../src/proxy/policy/authorization/path-matcher.ts';
import { PathTemplate } from '../../../../../src/proxy/policy/authorization/path-template.ts';
import { accountPath, hasAccount } from '../../../../../src/proxy/policy/authorization/principal-parts.ts';
import { ValueMatcher } from '../../../../../src/proxy/policy/authorization/value-matcher.ts';

const onBytes = (matcher: Pick<ValueMatcher, 'matchesBytes'>, text: string): boolean =>
  matcher.matchesBytes(Buffer.from(`..${text}..`), 2, text.length);

t.test('texts, parts of texts and bytes are matched alike', async (t) => {
  for (const [value, text, matches] of [
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['abc*', 'abc', true],
    ['abc*', 'abcd', true],
    ['abc*', 'ab', false],
    ['*abc', 'abc', true],
    ['*abc', 'xabc', true],
    ['*abc', 'bc', false],
    ['*', 'x', true],
    ['*', '', false],
  ] as const) {
    const matcher = new ValueMatcher(value);
    t.equal(matcher.matchesText(text), matches, `${value} ${text}`);
    t.equal(matcher.matchesPart(`..${text}..`, 2, 2 + text.length), matches);
    t.equal(onBytes(matcher, text), matches);
  }
  t.ok(onBytes(new ValueMatcher('AbC', 'ignored'), 'aBc'));
  t.ok(onBytes(pathMatcher('/A/{*}', 'ignored'), '/a/x'));
  t.notOk(onBytes(new PathTemplate('/A/{*}'), '/a/x'));
});

t.test('hosts and accounts', async (t) => {
  const reading = new HostReading();
  const bytes = Buffer.from('X.example.:81');
  reading.read(bytes, 0, bytes.length);
  t.ok(new HostMatcher('x.EXAMPLE').matches(reading));
  t.ok(new HostMatcher('x.example.:81').matches(reading));
  t.notOk(new HostMatcher('x.example:8').matches(reading));
  t.ok(hasAccount('mesh/ns/shop/sa/web', accountPath('shop/web')));
  t.notOk(hasAccount('mesh/ns/shop/sa/ns/shop/sa/web', accountPath('shop/web')));
});

t.test('about a connection as a whole a clause of requests holds in a DENY alone', async (t) => {
  const view = { attribute: 'request.path', key: [], values: ['/x'], not: false } as const;
  const asked = new Asked().connection(null, null, null, '');
  t.equal(compileClause(view, 'wide').holds(asked), true);
  t.equal(compileClause(view, 'narrow').holds(asked), false);
  asked.connection(null, null, null, '', true);
  t.equal(compileClause(view, 'wide').holds(asked), false, 'some request is another one');
  t.equal(compileClause(view, 'narrow').holds(asked), true, 'some request is this one');
});

t.test('server names are compared without case and final dot', async (t) => {
  const view = { attribute: 'connection.sni', key: [], values: ['Admin.Example.', '*.Internal'], not: false } as const;
  const { holds } = compileClause(view, 'wide');
  for (const [name, expected] of [
    ['admin.example', true],
    ['a.internal', true],
    ['internal', false],
    ['', false],
  ] as const)
    t.equal(holds(new Asked().connection(null, null, null, name)), expected, name);
});
