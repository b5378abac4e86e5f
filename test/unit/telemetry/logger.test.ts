import { execFileSync } from 'node:child_process';
import t from 'tap';
import { createLogger, levelOf, setLevel } from '../../../src/telemetry/logger.ts';

const LOGGER = new URL('../../../src/telemetry/logger.ts', import.meta.url).pathname;

/** Runs a script with `createLogger` and `setLevel` at hand and returns the lines of its standard output. */
function logged(script: string): Record<string, unknown>[] {
  const source = `import { createLogger, setLevel } from ${JSON.stringify(LOGGER)};\n${script}`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

t.test('a line is JSON with level, time, component, fields and message', async (t) => {
  const [line] = logged(`createLogger({ name: 'agent', level: 'info' }).info({ port: 80 }, 'hello');`);
  t.match(line, { level: 'info', component: 'agent', port: 80, msg: 'hello', time: /^\d{4}-\d\d-\d\dT/ });
});

t.test('children carry their fields and follow the level of the root', async (t) => {
  const lines = logged(`
    const root = createLogger({ name: 'agent', level: 'info' });
    const child = root.child({ host: 'a' }).child({ part: 'link' });
    child.debug('not yet');
    setLevel(root, 'debug');
    child.debug({ n: 1 }, 'now');
    setLevel(child, 'error');
    root.warn('no more');
  `);
  t.equal(lines.length, 1);
  t.match(lines[0], { level: 'debug', host: 'a', part: 'link', n: 1, msg: 'now' });
});

t.test('secrets are not written, wherever they stand', async (t) => {
  const text = JSON.stringify(
    logged(`createLogger({ name: 'a', level: 'info' }).info(
      { token: 's3cret', a: { password: 's3cret' }, b: { c: { seed: 's3cret' } }, plain: 'kept' }, 'x');`),
  );
  t.notMatch(text, /s3cret/);
  t.match(text, /kept/);
});

t.test('what was logged just before the exit is not lost', async (t) => {
  t.equal(
    logged(`
      const log = createLogger({ name: 'a', level: 'info' });
      for (let i = 0; i < 500; i++) log.info({ i }, 'x');
      process.exit(0);
    `).length,
    500,
  );
});

t.test('the level can be read', async (t) => {
  const logger = createLogger({ name: 'a', level: 'silent' });
  t.equal(levelOf(logger), 'silent');
  setLevel(logger, 'warn');
  t.equal(levelOf(logger.child({})), 'warn');
});
