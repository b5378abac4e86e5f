/** Every field of every kind, as the schemas list them, with values that do not belong there. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { type JsonSchema, jsonSchemaOf } from '../../scripts/reference/json-schema.ts';
import { formatPath } from '../../src/core/schema.ts';
import { manifestSchema } from '../../src/resources/decode-resource.ts';
import { API_VERSIONS, decodeResource, decodeResources, KINDS, type Kind } from '../../src/resources/index.ts';

const RUNS = Number(process.env['FUZZ_CASES'] ?? 800);

/** A place in a manifest: `*` is any name of a map, a number an entry of a list. */
type Path = readonly (string | number)[];
interface Place {
  readonly path: Path;
  readonly schema: JsonSchema;
}

function placesIn(schema: JsonSchema, path: Path): Place[] {
  const here: Place[] = path.length === 0 ? [] : [{ path, schema }];
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => placesIn(inner, [...path, name]));
  const items = schema.items === undefined ? [] : placesIn(schema.items, [...path, 0]);
  const any =
    typeof schema.additionalProperties === 'object' ? placesIn(schema.additionalProperties, [...path, 'x']) : [];
  return [...here, ...members, ...items, ...any];
}

const PLACES = KINDS.flatMap((kind) =>
  placesIn(jsonSchemaOf(manifestSchema(kind)), []).map((place) => ({ kind, ...place })),
).filter(({ path: [first] }) => first !== 'apiVersion' && first !== 'kind' && first !== 'status');

/** A manifest with this value at this place and nothing else around it. */
function manifestWith(kind: Kind, path: Path, value: unknown): Record<string, unknown> {
  const manifest: Record<string, unknown> = {
    apiVersion: API_VERSIONS[kind],
    kind,
    metadata: { name: 'n', namespace: 'shop' },
  };
  const [first = '', ...rest] = path;
  const inner = wrap(rest, value);
  const name = String(first);
  manifest[name] = name === 'metadata' && rest.length > 0 ? { name: 'n', namespace: 'shop', ...Object(inner) } : inner;
  return manifest;
}

function wrap([first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) return value;
  return typeof first === 'number' ? [wrap(rest, value)] : { [first]: wrap(rest, value) };
}

/** Of another type than the schema says; undefined where it takes anything. */
function misfit({ type, anyOf, not }: JsonSchema): unknown {
  if (not !== undefined) return 1;
  if (anyOf !== undefined) return [[]];
  switch (type) {
    case 'string':
    case 'object':
      return 5;
    case 'integer':
    case 'number':
    case 'boolean':
    case 'array':
      return { a: 1 };
    default:
      return undefined;
  }
}

t.test('the schemas were read', async (t) => {
  t.ok(PLACES.length > 600, `${PLACES.length} places`);
  for (const kind of KINDS)
    t.ok(
      PLACES.some((place) => place.kind === kind),
      kind,
    );
});

t.test('a value of the wrong type is refused in every field, with the path of the field', async (t) => {
  const missed: string[] = [];
  for (const { kind, path, schema } of PLACES) {
    const value = misfit(schema);
    if (value === undefined) continue;
    const decoded = decodeResource(manifestWith(kind, path, value), 'f.yaml');
    const place = formatPath(path);
    const found = decoded.ok ? [] : decoded.error.map((p) => p.path ?? '');
    if (!found.some((one) => one.startsWith(`f.yaml: ${kind}`) && one.includes(`: ${place}`)))
      missed.push(`${kind} ${place}: ${found.join('; ')}`);
  }
  t.same(missed, []);
});

t.test('prototype keys are refused, or names like others, in every object', async (t) => {
  for (const { kind, path, schema } of PLACES) {
    if (schema.type !== 'object') continue;
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const value: unknown = JSON.parse(`{${JSON.stringify(key)}: {"polluted": 1}}`);
      const decoded = decodeResource(manifestWith(kind, path, value), '');
      const isMap = typeof schema.additionalProperties === 'object';
      const refused = !decoded.ok && decoded.error.some((p) => (p.path ?? '').includes(key) || p.message.includes(key));
      if (!isMap || key === '__proto__') t.ok(refused, `${kind} ${formatPath(path)}: ${key}`);
      t.notOk('polluted' in {}, 'and nothing else changes');
    }
  }
});

const junk = fc.oneof(
  fc.constantFrom<unknown>('', ' ', '\u0000', '__proto__', '-1', '1e9', '0s', '*', '/', '//', '((((', 'a'.repeat(9000)),
  fc.constantFrom<unknown>(null, true, -1, 0, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 1e308),
  fc.constantFrom<unknown>([], {}, [[]], [{}], [null], { name: 'x' }, { type: 'x' }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.anything({ maxDepth: 3 }),
);

const WORDS = [
  'a',
  'x-a',
  'a.example',
  '/a',
  '10.0.0.1',
  '5s',
  'a.*',
  'https://a.example',
  'Service',
  'HTTPRoute',
  'Inline',
];

/** Words that a text field may take for all that the schema tells. */
function wordsFor({ pattern, format }: JsonSchema): readonly string[] {
  if (format === 'duration') return ['5s', '0s', '1m'];
  const fitting = WORDS.filter((word) => pattern === undefined || new RegExp(pattern, 'u').test(word));
  return fitting.length > 0 ? fitting : ['a'];
}

/** Values that the schema nearly describes, now and then with junk in between. */
function nearly(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { properties, items, anyOf, type } = schema;
  const options: fc.Arbitrary<unknown>[] = [];
  if (schema.enum !== undefined) options.push(fc.constantFrom(...schema.enum));
  else if (schema.const !== undefined) options.push(fc.constant(schema.const));
  else if (anyOf !== undefined) options.push(...anyOf.map(nearly));
  else if (type === 'integer' || type === 'number') {
    const { minimum = 0, maximum = 100 } = schema;
    options.push(fc.integer({ min: Math.ceil(Math.max(minimum, -5)), max: Math.floor(Math.min(maximum, 2 ** 31)) }));
  } else if (type === 'boolean') options.push(fc.boolean());
  else if (type === 'string') options.push(fc.constantFrom(...wordsFor(schema)));
  if (items !== undefined) options.push(fc.array(nearly(items), { maxLength: 2 }));
  if (properties !== undefined) options.push(membersOf(properties, schema.required ?? []));
  if (typeof schema.additionalProperties === 'object')
    options.push(fc.dictionary(fc.constantFrom('a', 'app'), nearly(schema.additionalProperties)));
  if (options.length === 0) return junk;
  return fc.oneof({ weight: 80, arbitrary: fc.oneof(...options) }, { weight: 1, arbitrary: junk });
}

/** Everything that is required, and up to three of the rest; what is always refused comes seldom. */
function membersOf(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): fc.Arbitrary<unknown> {
  const arbitraries = new Map(Object.entries(properties).map(([name, inner]) => [name, nearly(inner)]));
  const isRefused = (name: string): boolean => properties[name]?.not !== undefined;
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  const some = fc.tuple(
    upTo(
      3,
      optional.filter((name) => !isRefused(name)),
    ),
    fc.oneof({ weight: 40, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: upTo(1, optional.filter(isRefused)) }),
  );
  return some.chain(([chosen, wrong]) => {
    const names = [...required, ...chosen, ...wrong];
    return fc.record(Object.fromEntries(names.map((name) => [name, arbitraries.get(name) ?? junk])));
  });
}

function upTo(most: number, names: readonly string[]): fc.Arbitrary<string[]> {
  return fc.subarray([...names], { maxLength: Math.min(most, names.length) });
}

/** A manifest of the kind whose name is in order, so that the rest is looked at. */
function manifestOf(kind: Kind): fc.Arbitrary<unknown> {
  const {
    apiVersion: _,
    kind: __,
    metadata: ___,
    status: ____,
    ...content
  } = jsonSchemaOf(manifestSchema(kind)).properties ?? {};
  const [name = 'spec'] = Object.keys(content);
  const envelope = { apiVersion: API_VERSIONS[kind], kind, metadata: { name: 'default' } };
  return nearly(content[name] ?? {}).map((value) => ({ ...envelope, [name]: value }));
}

for (const kind of KINDS) {
  t.test(
    `${kind}: whatever the fields hold, it is a resource that decodes to itself, or problems with paths`,
    async (t) => {
      const arbitrary = manifestOf(kind);
      let accepted = 0;
      fc.assert(
        fc.property(arbitrary, (value) => {
          const decoded = decodeResource(value, 'f.yaml');
          if (!decoded.ok) {
            return decoded.error.every(
              ({ code, message, path }) => /^TWP\d{4}$/.test(code) && message !== '' && path?.startsWith('f.yaml'),
            );
          }
          accepted++;
          const again = decodeResource(JSON.parse(JSON.stringify(decoded.value)), '');
          return again.ok && isDeepStrictEqual(again.value, decoded.value);
        }),
        { numRuns: RUNS },
      );
      t.ok(accepted > 0, `${accepted} of ${RUNS} accepted`);
    },
  );
}

t.test('documents without end are refused before they are read', async (t) => {
  const huge = `kind: HTTPRoute\nspec: "${'x'.repeat(10 * 1024 * 1024)}"`;
  t.match(decodeResources(huge, 'f.yaml'), { ok: false, error: [{ code: 'TWP1002' }] });
  for (const deep of [`spec: ${'['.repeat(100_000)}`, `${'a: {'.repeat(50_000)}`]) {
    t.match(decodeResources(deep, 'f.yaml'), { ok: false, error: [{ code: 'TWP1002' }] });
  }
  const cycle: Record<string, unknown> = { kind: 'HTTPRoute' };
  cycle['spec'] = cycle;
  t.match(decodeResource(cycle, 'f.yaml'), { ok: false, error: [{ code: 'TWP1002' }] });
  t.match(decodeResources('kind: Service\nkind: Service\n', 'f.yaml'), { ok: false, error: [{ code: 'TWP1001' }] });
});
