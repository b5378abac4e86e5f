import t from 'tap';
import { formatFindings } from '../../../src/cli/format-findings.ts';
import type { Finding } from '../../../src/resources/index.ts';

const plain = { colour: false };

t.test('one line each: level, code, resource, place, message', async (t) => {
  for (const [path, line] of [
    ['HTTPRoute shop/orders: spec.rules[0]', '(HTTPRoute shop/orders) spec.rules[0]: wrong'],
    ['HTTPRoute shop/orders', '(HTTPRoute shop/orders) wrong'],
    [
      'a: b.yaml: HTTPRoute shop/orders.v1: spec.x["a: b"]',
      '(HTTPRoute shop/orders.v1) a: b.yaml: spec.x["a: b"]: wrong',
    ],
    ['a.yaml: line 3:1', 'a.yaml: line 3:1: wrong'],
    [undefined, 'wrong'],
  ] as const) {
    const finding: Finding = { level: 'warning', code: 'TWP0131', message: 'wrong', ...(path && { path }) };
    t.equal(formatFindings([finding], plain), `Warning [TWP0131] ${line}\n`);
  }
});

t.test('hints follow, each once; nothing from outside steers the terminal', async (t) => {
  const finding: Finding = { level: 'error', code: 'TWP0101', message: 'a\u001b[2Jb\nc', path: 'x', hint: 'do it' };
  t.equal(
    formatFindings([finding, finding], plain),
    'Error [TWP0101] x: a [2Jb c\nError [TWP0101] x: a [2Jb c\nhint: do it\n',
  );
  t.match(formatFindings([finding], { colour: true }), '\u001b[31mError\u001b[0m [TWP0101]');
});
