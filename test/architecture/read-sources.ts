import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** What the rules ask about one file; all paths are relative to the project, lines count from 1. */
export interface SourceFacts {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly ImportFact[];
  readonly functions: readonly { readonly name: string; readonly line: number; readonly lines: number }[];
  /** Exported functions (of more than three lines) and classes with no docstring. */
  readonly undocumented: readonly { readonly name: string; readonly line: number }[];
  /** Constructs that the house rules forbid: `any`, `!`, default export, enum, namespace. */
  readonly forbidden: readonly { readonly what: string; readonly line: number }[];
  /** Reads of the world outside: clock, randomness, process, timers, promises. */
  readonly ambient: readonly { readonly what: string; readonly line: number }[];
  /** False: only types, or only what other files export. */
  readonly hasCode: boolean;
}

export interface ImportFact {
  /** As written: `./x.ts`, `node:fs`, `pino`. */
  readonly specifier: string;
  /** The imported file of the project; null for Node and packages. */
  readonly file: string | null;
  readonly line: number;
  /** `import type`: gone when it runs. */
  readonly typesOnly: boolean;
}

interface Collected {
  readonly imports: ImportFact[];
  readonly functions: { name: string; line: number; lines: number }[];
  readonly undocumented: { name: string; line: number }[];
  readonly forbidden: { what: string; line: number }[];
  readonly ambient: { what: string; line: number }[];
}

/** Parses every file under `folder` with the compiler that also checks it. */
export function readSources(root: string, folder: string): SourceFacts[] {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] });
    const project = snapshot.getProjects()[0];
    if (project === undefined) throw new Error('the compiler found no project in tsconfig.json');
    return project.rootFiles
      .filter((file) => file.startsWith(join(root, folder, '/')))
      .map((file) => readSource(root, file, project.program.getSourceFile(file)));
  } finally {
    api.close();
  }
}

function readSource(root: string, file: string, source: SourceFile | undefined): SourceFacts {
  if (source === undefined) throw new Error(`the compiler does not know ${file}`);
  const path = relative(root, file);
  const text = readFileSync(file, 'utf8');
  const lineOf = makeLineFinder(text);
  const collected: Collected = { imports: [], functions: [], undocumented: [], forbidden: [], ambient: [] };
  const visit = (node: Node): void => {
    collectImport(node, source, path, lineOf, collected);
    collectFunction(node, source, lineOf, collected);
    collectWords(node, source, lineOf, collected);
    node.forEachChild((child) => visit(child));
  };
  visit(source);
  for (const statement of source.statements) collectUndocumented(statement, source, lineOf, collected);
  // A comment at the head of the file describes its main, that is its first, export.
  if (text.startsWith('/**')) collected.undocumented.shift();
  const hasCode = source.statements.some((statement) => !CODELESS.has(statement.kind));
  return { path, lines: text.split('\n').length - 1, hasCode, ...collected };
}

const CODELESS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.ImportDeclaration,
  SyntaxKind.ExportDeclaration,
  SyntaxKind.InterfaceDeclaration,
  SyntaxKind.TypeAliasDeclaration,
]);

/** Static and dynamic imports, re-exports, import types, and package files that are loaded through createRequire. */
function collectImport(node: Node, source: SourceFile, path: string, lineOf: LineFinder, into: Collected): void {
  if (node.kind !== SyntaxKind.StringLiteral) return;
  const specifier = unquote(node.getText(source));
  const isImport = IMPORTERS.has(node.parent.kind) || isImportExpression(node.parent, source);
  const isRequired = /^[@a-z][\w@./-]*\.(js|wasm|json)$/.test(specifier);
  if (!isImport && !isRequired) return;
  const file = specifier.startsWith('.') ? relativeTo(path, specifier) : null;
  const typesOnly = node.parent.getText(source).startsWith('import type');
  into.imports.push({ specifier, file, line: lineOf(node.getStart(source)), typesOnly });
}

const IMPORTERS: ReadonlySet<SyntaxKind> = new Set([SyntaxKind.ImportDeclaration, SyntaxKind.ExportDeclaration]);

/** `import('./x.ts')` as a value or as a type, and `process.getBuiltinModule('node:x')`. */
function isImportExpression(parent: Node, source: SourceFile): boolean {
  if (parent.kind === SyntaxKind.LiteralType) return parent.parent.kind === SyntaxKind.ImportType;
  return (
    parent.kind === SyntaxKind.CallExpression && /^(import|process\.getBuiltinModule)\(/.test(parent.getText(source))
  );
}

const FUNCTIONS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

function collectFunction(node: Node, source: SourceFile, lineOf: LineFinder, into: Collected): void {
  if (!FUNCTIONS.has(node.kind)) return;
  const line = lineOf(node.getStart(source));
  into.functions.push({ name: nameOf(node, source), line, lines: lineOf(node.end) - line + 1 });
}

function nameOf(node: Node, source: SourceFile): string {
  const text = node.getText(source);
  const owner = node.kind === SyntaxKind.ArrowFunction ? node.parent.getText(source) : text;
  return (
    /^(?:export |async |private |static |readonly |abstract |class |const |function |get |set )*([\w$#]+)/.exec(
      owner,
    )?.[1] ?? '(function)'
  );
}

/** Three lines are a signature, one expression and a brace: the name is the documentation. */
function collectUndocumented(node: Node, source: SourceFile, lineOf: LineFinder, into: Collected): void {
  const isClass = node.kind === SyntaxKind.ClassDeclaration;
  if (!isClass && node.kind !== SyntaxKind.FunctionDeclaration) return;
  const start = node.getStart(source);
  const text = source.text.slice(start, node.end);
  const isDocumented = source.text.slice(node.pos, start).includes('/**');
  if (!text.startsWith('export ') || isDocumented) return;
  const line = lineOf(start);
  if (!isClass && lineOf(node.end) - line < 3) return;
  into.undocumented.push({ name: nameOf(node, source), line });
}

const FORBIDDEN: ReadonlyMap<SyntaxKind, string> = new Map([
  [SyntaxKind.AnyKeyword, 'any'],
  [SyntaxKind.NonNullExpression, 'non-null assertion (!)'],
  [SyntaxKind.ExportAssignment, 'default export'],
  [SyntaxKind.DefaultKeyword, 'default export'],
  [SyntaxKind.EnumDeclaration, 'enum'],
  [SyntaxKind.ModuleDeclaration, 'namespace'],
]);

const AMBIENT_CALLS: ReadonlySet<string> = new Set(['Date.now', 'Math.random', 'performance.now']);
const AMBIENT_NAMES: ReadonlySet<string> = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);

function collectWords(node: Node, source: SourceFile, lineOf: LineFinder, into: Collected): void {
  const what = FORBIDDEN.get(node.kind);
  const isSwitchDefault = node.kind === SyntaxKind.DefaultKeyword && node.parent.kind === SyntaxKind.DefaultClause;
  if (what !== undefined && !isSwitchDefault) into.forbidden.push({ what, line: lineOf(node.getStart(source)) });
  const word = ambientWord(node, source);
  if (word !== null) into.ambient.push({ what: word, line: lineOf(node.getStart(source)) });
}

function ambientWord(node: Node, source: SourceFile): string | null {
  if (node.kind === SyntaxKind.AsyncKeyword) return 'async';
  if (node.kind === SyntaxKind.NewExpression && node.getText(source) === 'new Date()') return 'new Date()';
  if (node.kind !== SyntaxKind.PropertyAccessExpression && node.kind !== SyntaxKind.CallExpression) return null;
  const text = node.getText(source);
  if (node.kind === SyntaxKind.PropertyAccessExpression) {
    return AMBIENT_CALLS.has(text) ? text : (/^(?:process\.\w+|console)(?=\.|$)/.exec(text)?.[0] ?? null);
  }
  const name = /^(\w+)\(/.exec(text)?.[1];
  return name !== undefined && AMBIENT_NAMES.has(name) ? name : null;
}

type LineFinder = (position: number) => number;

function makeLineFinder(text: string): LineFinder {
  const ends: number[] = [];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) ends.push(at);
  return (position) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}

function relativeTo(path: string, specifier: string): string {
  return relative('/', resolve('/', dirname(path), specifier));
}

function unquote(text: string): string {
  return text.slice(1, -1);
}
