/** A schema as a list of fields, each with its path, type, default and limits in words. */
import type { JsonSchema } from './json-schema.ts';

export interface Field {
  /** `spec.rules[].name`; `.*` stands for any name. */
  readonly path: string;
  readonly type: string;
  /** `required`, a value, or empty: absent means something that only the meaning can say. */
  readonly absent: string;
  /** What the schema itself says of the field. */
  readonly description: string;
  /** The path of the fields that this one has as well, instead of repeating them. */
  readonly sameAs: string | null;
}

export interface FieldList {
  readonly fields: readonly Field[];
  /** Fields that the standard has and that are refused, each with a sentence of its own. */
  readonly refused: readonly string[];
  /** Fields that are taken and dropped. */
  readonly dropped: readonly string[];
}

interface Collected {
  readonly fields: Field[];
  readonly refused: string[];
  readonly dropped: string[];
  /** Objects seen before, by their whole content, with the path of the first. */
  readonly seen: Map<string, string>;
}

/** Objects with fewer fields than this are written out again. */
const WORTH_REFERRING = 3;

/** Every field below `path`, in the order of the schema. */
export function listFields(schema: JsonSchema, path: string): FieldList {
  const collected: Collected = { fields: [], refused: [], dropped: [], seen: new Map() };
  collectMembers(schema, path, collected);
  const { fields, refused, dropped } = collected;
  return { fields, refused, dropped };
}

function collectMembers(schema: JsonSchema, path: string, into: Collected): void {
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    collectField(member, path === '' ? name : `${path}.${name}`, schema.required?.includes(name) ?? false, into);
  }
  const { additionalProperties: any } = schema;
  if (typeof any === 'object' && any.properties !== undefined) collectField(any, `${path}.*`, false, into);
}

function collectField(schema: JsonSchema, path: string, required: boolean, into: Collected): void {
  if (schema.not !== undefined) {
    into.refused.push(path);
    return;
  }
  if (Object.keys(schema).length === 0) {
    into.dropped.push(path);
    return;
  }
  const { items } = schema;
  const inner = items?.properties === undefined ? schema : items;
  const place = inner === items ? `${path}[]` : path;
  const sameAs = earlierPlace(inner, place, into);
  into.fields.push({
    path: place,
    type: typeInWords(schema),
    absent: required ? 'required' : schema.default === undefined ? '' : inCode(schema.default),
    description: schema.description ?? '',
    sameAs,
  });
  if (sameAs === null) collectMembers(inner, place, into);
}

/** Where an object of the very same members was described already. */
function earlierPlace(schema: JsonSchema, path: string, { seen }: Collected): string | null {
  const { properties } = schema;
  if (properties === undefined || Object.keys(properties).length < WORTH_REFERRING) return null;
  const key = JSON.stringify([properties, schema.required]);
  const earlier = seen.get(key);
  if (earlier === undefined) seen.set(key, path);
  return earlier ?? null;
}

/** `text, 1 to 253 characters`, `Exact or PathPrefix`, `list of whole numbers from 400 to 599`. */
export function typeInWords(schema: JsonSchema): string {
  if (schema.const !== undefined) return inCode(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(inCode).join(', ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeInWords).join(' or ');
  switch (schema.type) {
    case 'string':
      return schema.format === 'duration' ? 'duration' : `text${limits(schema.minLength, schema.maxLength)}`;
    case 'integer':
      return `whole number${limits(schema.minimum, schema.maximum)}`;
    case 'number':
      return `number${limits(schema.minimum, schema.maximum)}`;
    case 'boolean':
      return '`true`, `false`';
    case 'array': {
      const what = schema.items?.properties === undefined ? ` of ${typeInWords(schema.items ?? {})}` : '';
      return `list${what}${limits(schema.minItems, schema.maxItems)}`;
    }
    case 'object':
      return isMap(schema) ? `names with ${typeInWords(schema.additionalProperties)}` : 'object';
    default:
      return 'anything';
  }
}

function isMap(schema: JsonSchema): schema is JsonSchema & { readonly additionalProperties: JsonSchema } {
  return typeof schema.additionalProperties === 'object';
}

/** Zero as the least of anything that is counted goes without saying, and so do the limits of the machine. */
function limits(least: number | undefined, most: number | undefined): string {
  const from = least === undefined || least === 0 || least <= Number.MIN_SAFE_INTEGER ? null : least;
  const to = most === undefined || most >= Number.MAX_SAFE_INTEGER ? null : most;
  if (to === null) return from === null ? '' : `, at least ${from}`;
  return least === undefined || least <= Number.MIN_SAFE_INTEGER ? `, at most ${to}` : `, ${least} to ${to}`;
}

function inCode(value: unknown): string {
  return value === '' ? '`""`' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
