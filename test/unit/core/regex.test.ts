import t from 'tap';
import { compileRegex } from '../../../src/core/regex.ts';

function matches(pattern: string, text: string): boolean {
  const compiled = compileRegex(pattern);
  if (!compiled.ok) throw new Error(`${pattern} ${compiled.error}`);
  return compiled.value.matchesWhole(text);
}

for (const [pattern, text, expected] of [
  ['/a', '/a', true],
  ['/a', '/ab', false],
  ['/a', 'x/a', false],
  ['/a.*', '/abc', true],
  ['^/a$', '/a', true],
  ['a|ab', 'ab', true],
  ['a*?', 'aaa', true],
  ['', '', true],
  ['', 'a', false],
  ['/v[0-9]+/(users|orders)(/.*)?', '/v12/orders/7', true],
  ['/v[0-9]+/(users|orders)(/.*)?', '/v12/other', false],
  ['(?i)abc', 'ABC', true],
  ['.', '\n', false],
  ['(?s).', '\n', true],
  ['\\d{3}-\\d{4}', '555-1234', true],
  ['\\pL+', 'Grüße', true],
  ['[[:digit:]]+', '0123', true],
  ['\\Qa.b\\E', 'a.b', true],
  ['\\Qa.b\\E', 'axb', false],
  ['(?P<name>x)', 'x', true],
] as const) {
  t.test(`${pattern} ${expected ? 'is' : 'is not'} the whole of ${JSON.stringify(text)}`, (t) => {
    t.equal(matches(pattern, text), expected);
    t.end();
  });
}

for (const [pattern, error] of [
  ['(a', /^is not a regular expression: missing closing \)/],
  ['*', /^is not a regular expression: missing argument to repetition operator/],
  ['(){1001}', /^is too complex/],
  ['(?<=a)b', /^is not a regular expression/],
  ['(a)\\1', /^is not a regular expression/],
  ['(a{1,100}){1,100}', /^is too complex/],
  ['(((a{1,10}){1,10}){1,10}){1,10}', /^is too complex/],
  ['x{1000}y{1000}', /^is too complex/],
  [`(${'abcdefghij'.repeat(50)}){1000}`, /^is too complex/],
  ['a'.repeat(1025), /^has more than 1024 characters/],
] as const) {
  t.test(`${pattern.slice(0, 40)} is refused`, (t) => {
    const compiled = compileRegex(pattern);
    t.notOk(compiled.ok);
    if (!compiled.ok) t.match(compiled.error, error);
    t.end();
  });
}

t.test('patterns that make a backtracking engine explode take linear time', (t) => {
  const text = `${'a'.repeat(8191)}!`;
  for (const pattern of ['(a+)+$', '(a|a)*', '(a|aa)+', '(.*)*x', '(a*)*b', '(?:a?){100}a{100}', '(.*a.{10,200})']) {
    const started = process.cpuUsage().user;
    t.equal(matches(pattern, text), pattern === '(.*a.{10,200})', pattern);
    const seconds = (process.cpuUsage().user - started) / 1e6;
    t.ok(seconds < 5, `${pattern} took ${seconds} s of CPU`);
  }
  t.end();
});

t.test('a text longer than a request line never matches', (t) => {
  t.equal(matches('a*', 'a'.repeat(8192)), true);
  t.equal(matches('a*', 'a'.repeat(8193)), false);
  t.end();
});

t.test('many different texts do not make a pattern grow', (t) => {
  const compiled = compileRegex('(.*)(a|b).{60}');
  if (!compiled.ok) throw new Error(compiled.error);
  let seed = 1;
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 300; i++) {
    let text = '';
    for (let j = 0; j < 200; j++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      text += 'abcd'[seed >>> 30];
    }
    compiled.value.matchesWhole(text);
  }
  const grown = process.memoryUsage().heapUsed - before;
  t.ok(grown < 64e6, `${grown} bytes`);
  t.end();
});
