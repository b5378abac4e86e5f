import t from 'tap';
import { formatFields } from '../../../src/cli/format-fields.ts';

t.test('values as YAML, each line with its sign', async (t) => {
  const fields = [
    { path: 'spec.a', before: 1, after: 'two' },
    { path: 'spec.b', after: { c: [1, 2] } },
    { path: '', before: null },
  ];
  t.equal(
    formatFields(fields, { colour: false }),
    '@@ spec.a @@\n-1\n+two\n@@ spec.b @@\n+c:\n+  - 1\n+  - 2\n@@ all of it @@\n-null\n',
  );
});

t.test('escape sequences do not reach the terminal; colours are ours', async (t) => {
  const red = '\u001b[31m';
  const text = formatFields([{ path: `x${red}`, after: `a${red}` }], { colour: false });
  t.notMatch(text, '\u001b');
  t.match(formatFields([{ path: 'x', before: 1, after: 2 }], { colour: true }), '\u001b[31m-1\u001b[0m');
});
