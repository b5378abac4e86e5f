import t from 'tap';
import { formatProblems, formatTable, paint } from '../../../src/cli/output.ts';
import { UserError } from '../../../src/core/errors.ts';

t.test('columns fit their widest cell and colours take no room', async (t) => {
  const red = paint({ colour: true }, 'red', 'no');
  t.equal(
    formatTable(
      ['name', 'ok'],
      [
        ['orders', 'yes'],
        ['a', red],
        ['é𝄞', ''],
      ],
    ),
    `NAME    OK\norders  yes\na       ${red}\né𝄞\n`,
  );
});

t.test('without colours there is no escape sequence', async (t) => {
  t.equal(paint({ colour: false }, 'red', 'no'), 'no');
  t.equal(paint({ colour: true }, 'red', 'no'), '\u001b[31mno\u001b[0m');
});

t.test('a cell from outside cannot break the line or speak to the terminal', async (t) => {
  t.equal(formatTable(['a'], [['x\ny\u001b]0;title\u0007\u001b[2Jz']]), 'A\nx y ]0;title  [2Jz\n');
});

t.test('problems are sentences with their paths, and each hint is given once', async (t) => {
  const error = new UserError([
    { code: 'X', path: 'a.yaml: mesh', message: 'must be a string', hint: 'see the docs' },
    { code: 'X', message: 'no root', hint: 'see the docs' },
  ]);
  t.equal(
    formatProblems(error, { colour: false }),
    'error: a.yaml: mesh: must be a string\nerror: no root\nhint: see the docs\n',
  );
});
