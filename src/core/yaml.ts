/** The one importer of yaml: text to plain values, with limits, for resources, settings and topologies alike. */
import {
  type Document,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  type Pair,
  parseAllDocuments,
  parseDocument,
  stringify,
  visit,
} from 'yaml';
import type { Problem } from './errors.ts';
import { err, ok, type Result } from './result.ts';

/** Longest text that is read: 1 MiB (a Kubernetes object is limited to about 1.5 MiB). */
export const MAX_TEXT_BYTES = 1024 * 1024;
/** Deepest nesting of maps and lists; the deepest field of a real manifest lies at about 12. */
export const MAX_DEPTH = 64;
/** How many aliases may be expanded in one document: more is the "billion laughs" attack. */
export const MAX_ALIASES = 100;
const MAX_PROBLEMS = 20;

/** Codes: the text cannot be parsed; a limit on the text is exceeded. */
const SYNTAX = 'TWP1001';
const LIMIT = 'TWP1002';
const TOO_DEEP: Problem = { code: LIMIT, message: `nested deeper than ${MAX_DEPTH} levels` };
const TOO_MANY_ALIASES: Problem = {
  code: LIMIT,
  message: `aliases are expanded more than ${MAX_ALIASES} times`,
  hint: 'write the values out',
};

/**
 * Every document of a YAML 1.2 text (JSON is a subset), empty documents left out. All syntax errors are reported at
 * once, each with `line:column`. Refused besides bad syntax: duplicate keys, unknown tags, the key `__proto__`,
 * text above 1 MiB, nesting above 64, more than 100 alias expansions.
 */
export function parseYamlDocuments(text: string): Result<unknown[], Problem[]> {
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES) {
    return err([{ code: LIMIT, message: 'the text is larger than 1 MiB', hint: 'split it into several files' }]);
  }
  if (nestsTooDeep(text)) return err([TOO_DEEP]);
  const lines = new LineCounter();
  const values: unknown[] = [];
  const problems: Problem[] = [];
  for (const document of parseTexts(text, lines)) {
    const found = documentProblems(document, lines);
    const value = found.length > 0 ? err(found) : toPlainValue(document);
    if (!value.ok) problems.push(...value.error);
    else if (value.value !== null) values.push(value.value);
  }
  return problems.length > 0 ? err(problems.slice(0, MAX_PROBLEMS)) : ok(values);
}

/** A value as YAML text in block style, for people to read. */
export function formatYaml(value: unknown): string {
  return stringify(value, { lineWidth: 120 });
}

/** A document with some of its fields replaced; everything else, comments too, stays as it was. The text must have been parsed without problems. */
export function editYaml(
  text: string,
  changes: readonly (readonly [path: readonly string[], value: unknown])[],
): string {
  const document = parseDocument(text);
  for (const [path, value] of changes) document.setIn(path, value);
  return document.toString({ lineWidth: 120 });
}

function parseTexts(text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  // The library compares each key with all earlier ones of its map (quadratic); we look for duplicates ourselves.
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false, uniqueKeys: false, merge: true });
  return 'empty' in documents ? [] : documents;
}

/**
 * A cheap first look at the tokens, since the library takes seconds and all of the stack for a megabyte of brackets.
 * Counts open flow collections, and the indicators of one line (`- - - -`).
 */
function nestsTooDeep(text: string): boolean {
  let open = 0;
  let onThisLine = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') open++;
    else if (token === ']' || token === '}') open = Math.max(0, open - 1);
    else if (token === '-' || token === '?') onThisLine++;
    else if (token.startsWith('\n') || token.startsWith('\r')) onThisLine = 0;
    if (open > MAX_DEPTH || onThisLine > MAX_DEPTH) return true;
  }
  return false;
}

/** Syntax errors, duplicate keys and keys that are no plain words, each with its place. */
function documentProblems(document: Document.Parsed, lines: LineCounter): Problem[] {
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}:${col}`;
  };
  const faults = [...document.errors, ...document.warnings];
  if (faults.some((e) => e.code === 'RESOURCE_EXHAUSTION')) return [TOO_DEEP];
  if (faults.length > 0) return faults.map((e) => ({ code: SYNTAX, message: e.message, path: at(e.pos[0]) }));
  const problems: Problem[] = [];
  visit(document, {
    Map: (_, map) => {
      problems.push(...keyProblems(map.items, at));
    },
  });
  return problems;
}

function keyProblems(items: readonly Pair[], at: (offset: number) => string): Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const { key } of items) {
    const add = (message: string): void => {
      problems.push({ code: SYNTAX, message, path: at(isNode(key) ? (key.range?.[0] ?? 0) : 0) });
    };
    if (!isScalar(key)) {
      add('a key must be a plain word or string');
      continue;
    }
    const name = String(key.value);
    if (name === '__proto__') add('the key "__proto__" is not allowed');
    else if (seen.has(name) && name !== '<<') add(`the key "${name.slice(0, 100)}" appears twice`);
    seen.add(name);
  }
  return problems;
}

/** The document as plain data; the library throws a ReferenceError for too many aliases, an Error for a bad merge. */
function toPlainValue(document: Document.Parsed): Result<unknown, Problem[]> {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    const problem = plainDataProblem(value, 0);
    return problem === null ? ok(value ?? null) : err([problem]);
  } catch (error) {
    if (error instanceof ReferenceError) return err([TOO_MANY_ALIASES]);
    if (error instanceof RangeError) return err([TOO_DEEP]);
    return err([{ code: SYNTAX, message: error instanceof Error ? error.message : String(error) }]);
  }
}

/** Aliases may point at their own ancestors, so depth is looked at again; `!!binary` and the like are no plain data. */
function plainDataProblem(value: unknown, depth: number): Problem | null {
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= MAX_DEPTH) return TOO_DEEP;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype) {
    return { code: SYNTAX, message: 'only maps, lists, strings, numbers, booleans and null are allowed' };
  }
  for (const member of Object.values(value)) {
    const problem = plainDataProblem(member, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}
