import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LONG_FILES, LONG_FUNCTIONS, TWINLESS } from './architecture/exceptions.ts';
import { findCycles } from './architecture/find-cycles.ts';
import {
  brokenImports,
  brokenLinks,
  brokenWords,
  deadLinks,
  folderOf,
  isTestedClosely,
  isUnder,
  listPages,
  packageOf,
  ROOT,
  rankOf,
  twinOf,
} from './architecture/query.ts';
import { readSources } from './architecture/read-sources.ts';
import {
  IMPURE_MODULES,
  INTO_THE_LOOP,
  LOOP_MODULES,
  LOOP_REASON,
  LOOP_WORDS,
  LOOPLESS_FOLDERS,
  MAX_FILE_LINES,
  MAX_FUNCTION_LINES,
  PACKAGE_IMPORTERS,
  PROCESS_ENV,
  PURE_FOLDERS,
  RANK_REASON,
  RESERVED_MODULES,
  SIDEWAYS,
  WALLS,
} from './architecture/rules.ts';

const sources = readSources(ROOT, 'src');
const tests = readSources(ROOT, 'test');
const functions = sources.flatMap((source) => source.functions.map((one) => ({ file: source.path, ...one })));

t.test('the source tree was read', async (t) => {
  t.ok(sources.length > 50, `${sources.length} files under src/`);
  t.ok(
    sources.some((source) => source.imports.length > 5),
    'imports are seen',
  );
});

t.test('folders import only what stands below them', async (t) => {
  const broken = brokenLinks(sources, (source, imported) => {
    const from = folderOf(source.path);
    const to = folderOf(imported);
    if (from === to || SIDEWAYS.some((edge) => edge.from === from && edge.to === to)) return null;
    return rankOf(from) > rankOf(to) ? null : `imports src/${to}, but ${RANK_REASON}`;
  });
  expectNone(t, broken);
});

t.test('agent and data plane stay apart', async (t) => {
  const broken = brokenLinks(sources, (source, imported) => {
    const wall = WALLS.find(({ from, to }) => source.path.startsWith(from) && imported.startsWith(to));
    return wall === undefined || wall.except.includes(source.path) ? null : `imports ${imported}, but ${wall.why}`;
  });
  expectNone(t, broken);
});

// A circle means that none of its files can be understood or tested alone.
t.test('no files import each other in a circle', async (t) => {
  const graph = new Map(sources.map((source) => [source.path, source.imports.flatMap(({ file }) => file ?? [])]));
  expectNone(t, findCycles(graph));
});

t.test('each outside package has one importing file', async (t) => {
  const broken = brokenImports(sources, (source, specifier) => {
    const name = packageOf(specifier);
    if (name === null) return null;
    const only = PACKAGE_IMPORTERS.get(name);
    if (only === undefined) return `imports ${name}, which is not in PACKAGE_IMPORTERS (test/architecture/rules.ts)`;
    return only === source.path ? null : `imports ${name}; only ${only} does, use what it exports`;
  });
  expectNone(t, broken);
});

t.test('Node modules with power have few importers', async (t) => {
  const broken = brokenImports(sources, (source, specifier) => {
    const rule = RESERVED_MODULES.find(({ modules }) => modules.includes(specifier));
    return rule === undefined || rule.only.includes(source.path) ? null : `imports ${specifier}, but ${rule.why}`;
  });
  expectNone(t, broken);
});

t.test('the environment is read in one place', async (t) => {
  const { only, why } = PROCESS_ENV;
  const broken = brokenWords(sources, (source, word) =>
    word === 'process.env' && !only.includes(source.path) ? `process.env: ${why}` : null,
  );
  expectNone(t, broken);
});

t.test('pure folders take time, randomness and state as arguments', async (t) => {
  const why = 'decisions are tested as tables, with no socket, file or clock; pass it in';
  const pure = sources.filter(isUnder(PURE_FOLDERS));
  const modules = brokenImports(pure, (_, specifier) =>
    IMPURE_MODULES.includes(specifier) ? `${specifier}: ${why}` : null,
  );
  expectNone(t, modules);
  const words = brokenWords(pure, (_, word) => `${word}: ${why}`);
  expectNone(t, words);
});

t.test('data-thread code never needs the event loop', async (t) => {
  const loopless = sources.filter(isUnder(LOOPLESS_FOLDERS));
  const modules = brokenImports(loopless, (_, name) =>
    LOOP_MODULES.includes(name) ? `${name}: ${LOOP_REASON}` : null,
  );
  expectNone(t, modules);
  const words = brokenWords(loopless, ({ path }, word) => {
    if (path === INTO_THE_LOOP.path && word === INTO_THE_LOOP.word) return null;
    return LOOP_WORDS.includes(word) ? `${word}: ${LOOP_REASON}` : null;
  });
  expectNone(t, words);
});

t.test('no any, no non-null assertion, no default export, no enum, no namespace', async (t) => {
  const broken = sources.flatMap((source) =>
    source.forbidden.map(({ what, line }) => `${source.path}:${line}: ${what}`),
  );
  expectNone(t, broken);
});

t.test('exported functions and classes say what they do', async (t) => {
  const broken = sources.flatMap((source) =>
    source.undocumented.map(
      ({ name, line }) => `${source.path}:${line}: ${name} has no docstring (units, errors, source)`,
    ),
  );
  expectNone(t, broken);
});

t.test(`files have at most ${MAX_FILE_LINES} lines`, async (t) => {
  const limitOf = (path: string) => LONG_FILES.find(({ file }) => file === path)?.lines ?? MAX_FILE_LINES;
  const broken = sources.filter((source) => source.lines > limitOf(source.path));
  expectNone(
    t,
    broken.map((source) => `${source.path}: ${source.lines} lines; split it by verb`),
  );
  const idle = LONG_FILES.filter(
    ({ file }) => (sources.find(({ path }) => path === file)?.lines ?? 0) <= MAX_FILE_LINES,
  );
  t.same(idle, [], 'exceptions that are no longer needed');
});

t.test(`functions have at most ${MAX_FUNCTION_LINES} lines`, async (t) => {
  const exceptionFor = (file: string, name: string) =>
    LONG_FUNCTIONS.find((one) => one.file === file && one.name === name);
  const broken = functions.filter((one) => one.lines > (exceptionFor(one.file, one.name)?.lines ?? MAX_FUNCTION_LINES));
  expectNone(
    t,
    broken.map((one) => `${one.file}:${one.line}: ${one.name} has ${one.lines} lines; name its steps`),
  );
  const idle = LONG_FUNCTIONS.filter(({ file, name }) =>
    functions.every((one) => one.file !== file || one.name !== name || one.lines <= MAX_FUNCTION_LINES),
  );
  t.same(idle, [], 'exceptions that are no longer needed');
});

t.test('each source file is tested from close by', async (t) => {
  const untested = sources.filter((source) => !isTestedClosely(source, sources, tests));
  const excused = (path: string) => TWINLESS.some(({ where }) => path.startsWith(where));
  const broken = untested.filter((source) => !excused(source.path));
  expectNone(
    t,
    broken.map((source) => `${source.path}: write ${twinOf(source.path)}`),
  );
  const idle = TWINLESS.filter(({ where }) => untested.every((source) => !source.path.startsWith(where)));
  t.same(idle, [], 'exceptions that are no longer needed');
  const unproven = TWINLESS.filter(({ testedBy }) => !existsSync(join(ROOT, testedBy)));
  t.same(unproven, [], 'an exception names the test that covers the files');
});

t.test('links between the documents lead somewhere', async (t) => {
  const pages = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
    ...listPages('docs'),
  ];
  const broken = pages.flatMap((page) => deadLinks(page).map((link) => `${page}: ${link} is not there`));
  expectNone(t, broken);
});

/** One unwrapped line for each problem, then the verdict. */
function expectNone(
  t: { comment(text: string): void; equal(a: number, b: number, name: string): unknown },
  broken: readonly string[],
) {
  for (const problem of broken) t.comment(problem);
  t.equal(broken.length, 0, `${broken.length} broken`);
}
