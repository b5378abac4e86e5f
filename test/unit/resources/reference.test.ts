import { readFileSync } from 'node:fs';
import t from 'tap';
import { jsonSchemaOf } from '../../../scripts/reference/json-schema.ts';
import { listFields, typeInWords } from '../../../scripts/reference/list-fields.ts';
import { meaningOf } from '../../../scripts/reference/meanings.ts';
import { fieldsOf, metadataFields, renderReference } from '../../../scripts/reference/render-reference.ts';
import { z } from '../../../src/core/schema.ts';
import { KINDS } from '../../../src/resources/index.ts';

t.test('the reference says what the schemas say (else: npm run docs)', async (t) => {
  const page = readFileSync(new URL('../../../docs/reference.md', import.meta.url), 'utf8');
  t.ok(page === renderReference(), 'docs/reference.md is older than the schemas: run npm run docs');
});

t.test('every field has a meaning (scripts/reference/meanings-*.ts)', async (t) => {
  const unsaid = KINDS.flatMap((kind) =>
    fieldsOf(kind).fields.flatMap(({ path, description }) =>
      description === '' && (meaningOf(kind, path) ?? '') === '' ? [`${kind}: ${path}`] : [],
    ),
  );
  t.same(unsaid, []);
  t.same(
    metadataFields().fields.filter(({ path }) => (meaningOf('*', path) ?? '') === ''),
    [],
  );
});

t.test('types and limits in words', async (t) => {
  const cases: readonly [z.ZodType, string][] = [
    [z.string(), 'text'],
    [z.string().min(1).max(9), 'text, 1 to 9'],
    [z.int().min(1).max(9), 'whole number, 1 to 9'],
    [z.int().min(0), 'whole number'],
    [z.number().max(100), 'number, at most 100'],
    [z.boolean(), '`true`, `false`'],
    [z.enum(['a', '']), '`a`, `""`'],
    [z.literal(1), '`1`'],
    [z.array(z.string()).min(1), 'list of text, at least 1'],
    [z.array(z.strictObject({ a: z.int() })).max(3), 'list, at most 3'],
    [z.record(z.string(), z.int().min(1).max(2)), 'names with whole number, 1 to 2'],
    [z.union([z.int(), z.string().max(3)]), 'whole number or text, at most 3'],
    [z.string().meta({ format: 'duration' }), 'duration'],
  ];
  for (const [schema, words] of cases) t.equal(typeInWords(jsonSchemaOf(schema)), words);
});

t.test('fields: paths, defaults, what is refused or dropped, and no object told twice', async (t) => {
  const inner = z.strictObject({ a: z.string(), b: z.int().default(1), c: z.boolean().optional() });
  const schema = z.strictObject({
    list: z.array(inner).describe('Some.'),
    one: inner.optional(),
    never: z.never().optional(),
    whatever: z.unknown().optional(),
  });
  t.same(listFields(jsonSchemaOf(schema), 'spec'), {
    fields: [
      { path: 'spec.list[]', type: 'list', absent: 'required', description: 'Some.', sameAs: null },
      { path: 'spec.list[].a', type: 'text', absent: 'required', description: '', sameAs: null },
      { path: 'spec.list[].b', type: 'whole number', absent: '`1`', description: '', sameAs: null },
      { path: 'spec.list[].c', type: '`true`, `false`', absent: '', description: '', sameAs: null },
      { path: 'spec.one', type: 'object', absent: '', description: '', sameAs: 'spec.list[]' },
    ],
    refused: ['spec.never'],
    dropped: ['spec.whatever'],
  });
});

t.test('the longest end of a path that has a meaning counts, of the kind before any', async (t) => {
  t.match(meaningOf('TLSRoute', 'spec.hostnames'), /Server names/);
  t.match(meaningOf('HTTPRoute', 'spec.hostnames'), /Not interpreted/);
  t.match(meaningOf('HTTPRoute', 'spec.rules[].matches[].path.type'), /whole elements/);
  t.match(meaningOf('HTTPRoute', 'spec.rules[].filters[].urlRewrite.path.type'), /exactly one match/);
  t.equal(meaningOf('HTTPRoute', 'spec.nothing'), null);
});
