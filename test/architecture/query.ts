import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SourceFacts } from './read-sources.ts';
import { RANKS } from './rules.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Says what is wrong with one import or word, or null. */
type Judge = (source: SourceFacts, what: string) => string | null;

/** Imports between files of the project: `what` is the imported file. */
export function brokenLinks(sources: readonly SourceFacts[], judge: Judge): string[] {
  return collect(
    sources,
    (source) => source.imports.flatMap(({ file, line }) => (file === null ? [] : [{ what: file, line }])),
    judge,
  );
}

/** Imports of Node modules and packages: `what` is the specifier. Types of Node's modules are free: nothing is loaded for them. */
export function brokenImports(sources: readonly SourceFacts[], judge: Judge): string[] {
  const outside = ({ imports }: SourceFacts) =>
    imports.filter(({ file, specifier, typesOnly }) => file === null && !(typesOnly && specifier.startsWith('node:')));
  return collect(sources, (source) => outside(source).map(({ specifier, line }) => ({ what: specifier, line })), judge);
}

/** Uses of the clock, randomness, timers, promises and the process. */
export function brokenWords(sources: readonly SourceFacts[], judge: Judge): string[] {
  return collect(sources, (source) => source.ambient, judge);
}

function collect(
  sources: readonly SourceFacts[],
  list: (source: SourceFacts) => readonly { readonly what: string; readonly line: number }[],
  judge: Judge,
): string[] {
  return sources.flatMap((source) =>
    list(source).flatMap(({ what, line }) => {
      const problem = judge(source, what);
      return problem === null ? [] : [`${source.path}:${line}: ${problem}`];
    }),
  );
}

export function isUnder(folders: readonly string[]): (source: SourceFacts) => boolean {
  return (source) => folders.some((folder) => source.path.startsWith(folder));
}

/** `src/proxy/codec/x.ts` -> `proxy`. */
export function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

export function rankOf(folder: string): number {
  const rank = RANKS.get(folder);
  if (rank === undefined) throw new Error(`src/${folder} has no rank: add it to RANKS in test/architecture/rules.ts`);
  return rank;
}

/** `@nats-io/kv/x` -> `@nats-io/kv`; null for Node's own modules. */
export function packageOf(specifier: string): string | null {
  if (specifier.startsWith('node:')) return null;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** `src/a/b.ts` -> `test/unit/a/b.test.ts`. */
export function twinOf(path: string): string {
  return path.replace(/^src\//, 'test/unit/').replace(/\.ts$/, '.test.ts');
}

/**
 * A file is tested from close by when it has its twin, when a test imports it, or when it is a helper: used only inside its
 * folder, by a file that has a twin. Files with nothing but types need no test.
 */
export function isTestedClosely(
  source: SourceFacts,
  sources: readonly SourceFacts[],
  tests: readonly SourceFacts[],
): boolean {
  if (!source.hasCode || hasTwin(source.path) || isImportedByTest(source.path, tests)) return true;
  const users = sources.filter((other) => imports(other, source.path));
  const isHelper = users.every((other) => other.path.startsWith(dirname(source.path)));
  return isHelper && users.some((other) => hasTwin(other.path));
}

function isImportedByTest(path: string, tests: readonly SourceFacts[]): boolean {
  const isClose = (test: SourceFacts) => /^test\/(unit|wire|fuzz|nats)\/.*\.test\.ts$/.test(test.path);
  return tests.some((test) => isClose(test) && imports(test, path));
}

function imports(source: SourceFacts, path: string): boolean {
  return source.imports.some(({ file }) => file === path);
}

function hasTwin(path: string): boolean {
  return existsSync(join(ROOT, twinOf(path)));
}

/** The Markdown pages under `folder`, from the project's root. */
export function listPages(folder: string): string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.md')).map((file) => join(folder, file));
}

/** Relative links of a page to files that do not exist. */
export function deadLinks(page: string): string[] {
  const links = readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g);
  const targets = [...links].map((match) => match[1] ?? '').filter((link) => !/^[a-z]+:/.test(link));
  return [...new Set(targets)].filter((link) => !existsSync(join(ROOT, dirname(page), link)));
}
