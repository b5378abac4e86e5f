import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startWatch } from '../../helpers/stopwatch.ts';
import { runTestFile } from '../../runner/run-test-file.ts';

const CASES: readonly {
  readonly title: string;
  readonly code: string;
  readonly passed: number;
  readonly failed: number;
  readonly problem: RegExp | null;
}[] = [
  { title: 'assertions are counted', code: 't.ok(1); t.ok(2);', passed: 2, failed: 0, problem: null },
  {
    title: 'what is compiled is kept for all processes of all tests',
    code: 't.match(process.env.NODE_COMPILE_CACHE, /towpath-tests$/);',
    passed: 1,
    failed: 0,
    problem: null,
  },
  { title: 'a failed assertion fails', code: 't.ok(1); t.ok(0);', passed: 1, failed: 1, problem: null },
  {
    title: 'a skipped test fails',
    code: "t.ok(1); t.test('later', { skip: 'no root' }, async () => {});",
    passed: 1,
    failed: 1,
    problem: /1 skipped or todo/,
  },
  {
    title: 'an exit status other than 0 fails',
    code: 't.ok(1); process.exit(3);',
    passed: 1,
    failed: 1,
    problem: /exit status 3/,
  },
  { title: 'a file without assertions fails', code: 't.end();', passed: 0, failed: 1, problem: /no assertion/ },
  { title: 'a file that does not parse fails', code: 'not code', passed: 0, failed: 1, problem: /exit status 1/ },
  {
    title: 'a test that comes after the end fails',
    // With a teardown of its own tap ends as soon as it is idle.
    code: "t.teardown(() => {}); await t.test('one', async (t) => t.ok(1)); await new Promise((r) => setTimeout(r, 99)); t.test('two', async () => {});",
    passed: 1,
    failed: 1,
    problem: /did not run/,
  },
  {
    title: 'a file that hangs is killed, with what it left running, and keeps its output',
    code: "t.ok(1); (await import('node:child_process')).spawn('sleep', ['60']); setInterval(() => {}, 9); for (;;);",
    passed: 1,
    failed: 1,
    problem: /did not end within 2 s/,
  },
];

for (const { title, code, passed, failed, problem } of CASES) {
  t.test(title, async (t) => {
    const file = join(t.testdir(), 'one.test.ts');
    const tap = import.meta.resolve('tap');
    writeFileSync(file, `import t from '${tap}';\n${code}\n`);
    // Starting Node takes its time on a busy machine.
    const watch = startWatch();
    const outcome = await runTestFile(file, title.includes('hangs') ? 2 : 40);
    t.equal(outcome.passed, passed, outcome.process.output);
    t.equal(outcome.failed, failed);
    t.match(outcome.problems.join('\n'), problem ?? /^$/);
    t.ok(watch.quietMs() < 10_000, `${outcome.process.seconds} s`);
  });
}
