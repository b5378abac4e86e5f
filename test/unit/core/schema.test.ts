import t from 'tap';
import { formatPath, joinPath, problemsOf, z } from '../../../src/core/schema.ts';

const rule = z.strictObject({
  name: z.string().max(5),
  weight: z.int().min(1).max(10).optional(),
  type: z.enum(['Exact', 'PathPrefix']),
  port: z.union([z.int().max(65535), z.string().min(3)]).optional(),
});
const schema = z.strictObject({
  rules: z.array(rule).min(1).max(2),
  labels: z.record(z.string(), z.string()).optional(),
});

function sentences(value: unknown): string[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : problemsOf(parsed.error, 'Thing a/b').map((p) => `${p.path} | ${p.message}`);
}

const good = { name: 'a', type: 'Exact' };

t.test('every fault is one sentence with the path of its field', async (t) => {
  const cases: readonly [string, unknown, string[]][] = [
    ['missing', {}, ['Thing a/b: rules | this field is required (an array)']],
    ['wrong type of all', 'x', ['Thing a/b | must be an object, not "x"']],
    ['unknown, close', { rules: [good], label: {} }, ['Thing a/b: label | unknown field; did you mean "labels"?']],
    ['unknown, far', { rules: [good], 'x y': 1 }, ['Thing a/b: ["x y"] | unknown field']],
    [
      'unknown twice',
      { rules: [{ ...good, nam: 1, zzz: 2 }] },
      ['Thing a/b: rules[0].nam | unknown field; did you mean "name"?', 'Thing a/b: rules[0].zzz | unknown field'],
    ],
    ['too many', { rules: [good, good, good] }, ['Thing a/b: rules | must have at most 2 entries']],
    ['too few', { rules: [] }, ['Thing a/b: rules | must have at least 1 entries']],
    [
      'too long',
      { rules: [{ ...good, name: 'abcdef' }] },
      ['Thing a/b: rules[0].name | must have at most 5 characters'],
    ],
    ['too large', { rules: [{ ...good, weight: 11 }] }, ['Thing a/b: rules[0].weight | must be at most 10']],
    [
      'not whole',
      { rules: [{ ...good, weight: 1.5 }] },
      ['Thing a/b: rules[0].weight | must be a whole number, not 1.5'],
    ],
    [
      'not a string',
      { rules: [{ ...good, name: true }] },
      ['Thing a/b: rules[0].name | must be a string, not true; put it in quotes'],
    ],
    [
      'choice, close',
      { rules: [{ ...good, type: 'exact' }] },
      ['Thing a/b: rules[0].type | must be one of "Exact", "PathPrefix", not "exact"; did you mean "Exact"?'],
    ],
    [
      'choice, missing',
      { rules: [{ name: 'a' }] },
      ['Thing a/b: rules[0].type | this field is required ("Exact", "PathPrefix")'],
    ],
    ['union, right type', { rules: [{ ...good, port: 70000 }] }, ['Thing a/b: rules[0].port | must be at most 65535']],
    [
      'union, other right type',
      { rules: [{ ...good, port: 'x' }] },
      ['Thing a/b: rules[0].port | must have at least 3 characters'],
    ],
    ['union, no type', { rules: [{ ...good, port: [] }] }, ['Thing a/b: rules[0].port | must be a number or a string']],
    [
      'record',
      { rules: [good], labels: { 'a.b/c': null } },
      ['Thing a/b: labels["a.b/c"] | must be a string, not null'],
    ],
  ];
  for (const [name, value, expected] of cases) {
    t.same(sentences(value), expected, name);
  }
  t.same(sentences({ rules: [good] }), [], 'a good value has no problems');
});

t.test('paths quote what is not a plain word and leave out an empty prefix', async (t) => {
  t.equal(formatPath(['spec', 'rules', 0, 'a-b', 'a.b']), 'spec.rules[0].a-b["a.b"]');
  t.equal(joinPath('', ['a']), 'a');
  t.equal(joinPath('X', []), 'X');
  t.ok(formatPath(['x'.repeat(10_000), '"\n']).length < 10_200, 'and a hostile key cannot forge lines');
  t.notMatch(formatPath(['a\nb']), /\n/);
});

t.test('the number of reported problems is bounded', async (t) => {
  const value = { rules: [Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, 1]))] };
  t.ok(sentences(value).length <= 100);
});
