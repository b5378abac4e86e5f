import t from 'tap';
import { compileValues, matchesBytes, matchesText, regexOf } from '../../../../src/proxy/policy/match-value.ts';

const bytes = Buffer.from('..v1 gr\u00fc\u00df..', 'utf8');

t.test('a pattern is compiled once, and one that is none matches nothing', (t) => {
  t.equal(regexOf('a+'), regexOf('a+'));
  t.ok(regexOf('a+').matchesWhole('aa'));
  t.notOk(regexOf('(a').matchesWhole('(a'));
  t.notOk(regexOf('(a{1,1000}){1,1000}').matchesWhole('a'));
  t.end();
});

t.test('thousands of patterns do not stay for ever', (t) => {
  const first = regexOf('first');
  for (let i = 0; i < 1100; i++) regexOf(`p${i}`);
  t.not(regexOf('first'), first);
  t.ok(regexOf('first').matchesWhole('first'));
  t.end();
});

t.test('text and bytes are compared alike', (t) => {
  const [text, pattern] = compileValues([
    { name: 'A', value: 'v1' },
    { name: 'b', value: 'gr.+', type: 'RegularExpression' },
    { name: 'A', value: 'second of the name' },
  ]);
  t.match(text, { name: 'A', lowerName: Buffer.from('a'), regex: null });
  t.same([matchesText(text, 'v1'), matchesText(text, 'v12')], [true, false]);
  t.same([matchesBytes(text, bytes, 2, 2), matchesBytes(text, bytes, 2, 3)], [true, false]);
  t.same([matchesText(pattern, 'gr\u00fc\u00df'), matchesText(pattern, 'gr')], [true, false]);
  t.same([matchesBytes(pattern, bytes, 5, 6), matchesBytes(pattern, bytes, 4, 7)], [true, false]);
  t.end();
});
