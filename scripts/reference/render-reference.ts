/** The text of docs/reference.md, from the schemas alone. */
import { manifestSchema } from '../../src/resources/decode-resource.ts';
import { API_VERSIONS, KINDS, type Kind } from '../../src/resources/index.ts';
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts';
import { type Field, type FieldList, listFields } from './list-fields.ts';
import { meaningOf } from './meanings.ts';

const INTRODUCTION = `# Resource reference

Every field of every kind, made from the schemas by \`npm run docs\`; what they are for and how they act together is told in
[resources.md](resources.md). Names, versions and defaults are those of Kubernetes, the Gateway API, Istio and Envoy Gateway.

- A field that is not listed is refused, with its path. \`[]\` stands for each entry of a list, \`*\` for any name.
- "absent" says what a field is when it is not written; empty: the meaning says what happens then.
- A duration is one to four whole numbers with \`h\`, \`m\`, \`s\` or \`ms\`, such as \`1m30s\` (GEP-2257).
- A regular expression is in the syntax of RE2, has at most 1024 characters, and describes the whole text.
`;

/** The whole page. */
export function renderReference(): string {
  const contents = KINDS.map((kind) => `- [${kind}](#${kind.toLowerCase()})`).join('\n');
  return (
    [INTRODUCTION, contents, renderMetadata(), ...KINDS.map(renderKind)].join('\n\n').replace(/\n{3,}/g, '\n\n') + '\n'
  );
}

/** Fields of a kind below \`metadata\` are left out: they are the same for all. */
export function fieldsOf(kind: Kind): FieldList {
  const { properties = {}, required = [] } = jsonSchemaOf(manifestSchema(kind));
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...rest } = properties;
  return listFields({ properties: rest, required }, '');
}

/** Fields that all kinds have. */
export function metadataFields(): FieldList {
  const { metadata } = jsonSchemaOf(manifestSchema('HTTPRoute')).properties ?? {};
  return listFields({ properties: { metadata: metadata ?? {} }, required: ['metadata'] }, '');
}

function renderMetadata(): string {
  return `## Every kind\n\n${renderFields('*', metadataFields())}`;
}

function renderKind(kind: Kind): string {
  const versions = versionsOf(jsonSchemaOf(manifestSchema(kind))).filter((version) => version !== API_VERSIONS[kind]);
  const also = versions.length === 0 ? '' : ` (also ${versions.map((version) => `\`${version}\``).join(', ')})`;
  return `## ${kind}\n\n\`${API_VERSIONS[kind]}\`${also}\n\n${renderFields(kind, fieldsOf(kind))}`;
}

function versionsOf(schema: JsonSchema): string[] {
  const { apiVersion } = schema.properties ?? {};
  return [...(apiVersion?.enum ?? [apiVersion?.const])].map(String);
}

function renderFields(kind: string, { fields, refused, dropped }: FieldList): string {
  const rows = fields.map((field) => renderRow(kind, field));
  return [
    '| field | type | absent | meaning |',
    '|---|---|---|---|',
    ...rows,
    ...sentence('Taken and dropped', dropped),
    ...sentence('Refused, each with a sentence that says what to do', refused),
  ].join('\n');
}

function renderRow(kind: string, field: Field): string {
  const reference = field.sameAs === null ? '' : `Fields as below \`${field.sameAs}\`.`;
  const meaning = [meaningOf(kind, field.path) ?? field.description, reference].filter((text) => text !== '').join(' ');
  const cells = [`\`${field.path}\``, field.type, field.absent, meaning];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function sentence(title: string, paths: readonly string[]): string[] {
  return paths.length === 0 ? [] : ['', `${title}: ${paths.map((path) => `\`${path}\``).join(', ')}.`];
}
