import fc from 'fast-check';
import t from 'tap';
import { formatYaml, MAX_DEPTH, parseYamlDocuments } from '../../../src/core/yaml.ts';
import { startWatch } from '../../helpers/stopwatch.ts';

function problemsIn(text: string): string[] {
  const parsed = parseYamlDocuments(text);
  return parsed.ok ? [] : parsed.error.map((p) => `${p.code} ${p.path ?? '-'} ${p.message}`);
}

function valuesIn(text: string): unknown {
  const parsed = parseYamlDocuments(text);
  return parsed.ok ? parsed.value : parsed.error;
}

t.test('documents of YAML and JSON are read, empty ones left out', async (t) => {
  t.same(valuesIn('a: 1\n---\n---\n# nothing\n---\n{"b": [true, null]}\n'), [{ a: 1 }, { b: [true, null] }]);
  t.same(valuesIn(''), []);
  t.same(valuesIn('on: yes'), [{ on: 'yes' }], 'YAML 1.2: only true and false are booleans');
  t.same(valuesIn('base: &b {x: 1}\nmine: {<<: *b, y: 2}'), [{ base: { x: 1 }, mine: { x: 1, y: 2 } }]);
  t.same(valuesIn('constructor: {prototype: 1}'), [{ constructor: { prototype: 1 } }], 'harmless as own keys');
});

t.test('bad text is refused with line and column', async (t) => {
  t.match(problemsIn('a: 1\nb: [1,\nc: }\n')[0], /^TWP1001 line \d+:\d+ /);
  t.same(problemsIn('a: 1\nb: 2\na: 3'), ['TWP1001 line 3:1 the key "a" appears twice']);
  t.same(problemsIn('x: {a: 1, "a": 2}'), ['TWP1001 line 1:11 the key "a" appears twice'], 'also in flow style');
  t.match(problemsIn('a: !secret x')[0], /^TWP1001 line 1:4 Unresolved tag/);
  t.same(problemsIn('? {a: 1}\n: 2'), ['TWP1001 line 1:3 a key must be a plain word or string']);
  t.same(problemsIn('x:\n  __proto__: {polluted: 1}'), ['TWP1001 line 2:3 the key "__proto__" is not allowed']);
  t.match(problemsIn('a: !!binary aGk=')[0], /only maps, lists/);
  t.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

t.test('all syntax errors are told at once', async (t) => {
  t.ok(problemsIn('a: [1\n---\nb: }\n').length >= 2);
});

t.test('limits end in a sentence, and soon', async (t) => {
  const bombs: Record<string, string> = {
    'flow lists': '['.repeat(1_000_000),
    'flow maps': '{"a":'.repeat(200_000),
    'closed flow lists': '['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1),
    'lists on one line': '- '.repeat(500_000),
    'indented maps': Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    'an alias of its own ancestor': 'a: &a [*a, *a, *a]',
    'an alias bomb': [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefg'.split('').map((c) => {
        const previous = String.fromCharCode(c.charCodeAt(0) - 1);
        return `${c}: &${c} [${Array(9).fill(`*${previous}`).join(',')}]`;
      }),
    ].join('\n'),
    'too much text': 'x'.repeat(1024 * 1024 + 1),
  };
  for (const [name, text] of Object.entries(bombs)) {
    const watch = startWatch();
    t.match(problemsIn(text)[0], /^TWP1002 - (nested deeper|aliases are|the text is larger)/, name);
    t.ok(watch.quietMs() < 2000, `${name}: refused soon`);
  }
  t.equal(problemsIn('['.repeat(MAX_DEPTH - 1) + ']'.repeat(MAX_DEPTH - 1)).length, 0, 'the deepest allowed nesting');
});

t.test('a map with very many keys costs linear time', async (t) => {
  const watch = startWatch();
  t.same(problemsIn(Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n')), []);
  t.ok(watch.quietMs() < 5000);
});

t.test('any text gives values or problems, never an exception', async () => {
  const piece = fc.constantFrom(
    'a: ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a',
    '\n',
    '  ',
    '---\n',
    '"',
    "'",
    '|\n',
    '!!str ',
    '<<: ',
    '? ',
    '#',
    ':',
    ',',
    '1',
    '%YAML 1.1\n',
    '\u0000',
    '\t',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(piece, { maxLength: 40 }).map((p) => p.join('')),
      ),
      (text) => {
        const parsed = parseYamlDocuments(text);
        return parsed.ok || parsed.error.every((p) => p.message !== '');
      },
    ),
    { numRuns: 2000 },
  );
});

t.test('what is written as YAML is read back as it was', async () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.stringMatching(/^[a-zA-Z./-]{1,12}$/),
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string())),
      ),
      (value) => {
        t.same(valuesIn(formatYaml(value)), Object.keys(value).length === 0 ? [{}] : [value]);
      },
    ),
    { numRuns: 200 },
  );
});
