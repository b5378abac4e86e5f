/**
 * The one importer of zod. Schemas are strict objects; an error reads as a sentence with the path of the field, and an
 * unknown field names the closest known one.
 */
import { z } from 'zod';
import { closestWord } from './closest-word.ts';
import type { Problem } from './errors.ts';

export { z };

/** Code of every schema problem; the meaning of istioctl's IST0106. */
export const SCHEMA_PROBLEM = 'TWP0106';

/** At most this many problems are reported for one value: a hostile file must not buy a report larger than itself. */
const MAX_PROBLEMS = 100;

/**
 * Every issue of a failed zod parse as a problem of its own, in the order of the fields.
 * `prefix` names the thing that was parsed, such as `HTTPRoute shop/orders`; it may be empty.
 */
export function problemsOf(error: z.ZodError, prefix: string): Problem[] {
  const problems: Problem[] = [];
  const mistyped = new Set<string>();
  for (const issue of flattenUnions(error.issues, [])) {
    const place = JSON.stringify(issue.path);
    // Lengths are checked even when the type is wrong; one sentence about a field is enough then.
    if (mistyped.has(place)) continue;
    if (issue.code === 'invalid_type') mistyped.add(place);
    if (issue.code === 'unrecognized_keys') {
      const sentences = issue.message.split('\n');
      for (const [i, key] of issue.keys.entries()) {
        problems.push(problem(prefix, [...issue.path, key], sentences[i] ?? 'unknown field'));
      }
    } else problems.push(problem(prefix, issue.path, issue.message, codeOf(issue)));
  }
  return problems.slice(0, MAX_PROBLEMS);
}

function problem(prefix: string, path: readonly PropertyKey[], message: string, code = SCHEMA_PROBLEM): Problem {
  return { code, message, path: joinPath(prefix, path) };
}

/** A custom issue may carry a code of its own: `params: { code: 'TWP0122' }`. */
function codeOf(issue: Issue): string {
  const code: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined;
  return typeof code === 'string' ? code : SCHEMA_PROBLEM;
}

/** `spec.rules[0].matches[1].path.value`; a key that is not a plain word is quoted: `metadata.labels["a.b/c"]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(String(part))) text += text === '' ? String(part) : `.${String(part)}`;
    else text += `[${JSON.stringify(String(part).slice(0, 100))}]`;
  }
  return text;
}

/** The prefix and the field path in the one form used by every problem: `<prefix>: <path>`. */
export function joinPath(prefix: string, path: readonly PropertyKey[]): string {
  const field = formatPath(path);
  if (prefix === '') return field;
  return field === '' ? prefix : `${prefix}: ${field}`;
}

type Issue = z.core.$ZodIssue;

/**
 * A failed union is told by the member that came closest: the one whose faults lie deepest, or that at least has the
 * right type. When no member has, the expected types are named together.
 */
function flattenUnions(issues: readonly Issue[], path: readonly PropertyKey[]): Issue[] {
  return issues.flatMap((issue) => {
    const at = [...path, ...issue.path];
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path: at }];
    const [closest = []] = [...issue.errors].sort((a, b) => closeness(b) - closeness(a));
    if (closeness(closest) > 0) return flattenUnions(closest, at);
    const types = issue.errors.flatMap((member) =>
      member.flatMap((i) => (i.code === 'invalid_type' ? i.expected : [])),
    );
    return [{ ...issue, path: at, message: `must be ${types.map(article).join(' or ')}` }];
  });
}

/** 0: the value has not even the type of this member of the union. */
function closeness(member: readonly Issue[]): number {
  if (member.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0)) return 0;
  return 1 + Math.max(0, ...member.map((issue) => issue.path.length));
}

type RawIssue = Parameters<NonNullable<z.core.$ZodErrorMap>>[0];

/** The wording of an issue for which the schema itself has no sentence; null leaves zod's own. */
function describeIssue(issue: RawIssue): string | null {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => describeUnknownField(key, knownFields(issue.inst))).join('\n');
    case 'invalid_type':
      return issue.input === undefined
        ? `this field is required (${article(issue.expected)})`
        : `must be ${article(issue.expected)}, not ${describeValue(issue.input)}${quotesHint(issue.expected, issue.input)}`;
    case 'invalid_value': {
      const choices = issue.values.map((v) => JSON.stringify(v)).join(', ');
      if (issue.input === undefined) return `this field is required (${choices})`;
      const near = typeof issue.input === 'string' ? closestWord(issue.input, issue.values.map(String)) : null;
      const hint = near === null ? '' : `; did you mean ${JSON.stringify(near)}?`;
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${choices}, not ${describeValue(issue.input)}${hint}`;
    }
    case 'too_big':
      return describeLimit(issue.origin, `at most ${issue.maximum}`);
    case 'too_small':
      return describeLimit(issue.origin, `at least ${issue.minimum}`);
    default:
      return null;
  }
}

function describeLimit(origin: string, limit: string): string {
  if (origin === 'string') return `must have ${limit} characters`;
  return ['array', 'set', 'map', 'object'].includes(origin) ? `must have ${limit} entries` : `must be ${limit}`;
}

function describeUnknownField(key: string, known: readonly string[]): string {
  const near = closestWord(key, known);
  return near === null ? 'unknown field' : `unknown field; did you mean "${near}"?`;
}

function knownFields(schema: unknown): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function article(type: string): string {
  if (type === 'int') return 'a whole number';
  if (type === 'record' || type === 'object') return 'an object';
  if (type === 'boolean') return 'true or false';
  if (type === 'tuple') return 'an array';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** YAML reads `value: true` and `value: 1` as what they look like. */
function quotesHint(expected: string, input: unknown): string {
  return expected === 'string' && (typeof input === 'number' || typeof input === 'boolean') ? '; put it in quotes' : '';
}

function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 60) : value) ?? typeof value;
}

z.config({ customError: describeIssue });
