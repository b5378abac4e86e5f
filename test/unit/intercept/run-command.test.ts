import t from 'tap';
import { runCommand, startCommand } from '../../../src/intercept/run-command.ts';

t.test('output, input and exit status come through unchanged', async (t) => {
  t.same(await runCommand('sh', ['-c', 'cat; echo err >&2; exit 3'], 'in\n'), {
    exitCode: 3,
    stdout: 'in\n',
    stderr: 'err\n',
  });
});

t.test('there is no shell: arguments stay what they are', async (t) => {
  t.equal((await runCommand('printf', ['%s', '$(id); `id` "*"'])).stdout, '$(id); `id` "*"');
});

t.test('without input, standard input is empty', async (t) => {
  t.equal((await runCommand('cat', [])).stdout, '');
});

t.test('what cannot run is an exit status with a reason', async (t) => {
  const missing = await runCommand('no-such-program-anywhere', []);
  t.equal(missing.exitCode, 127);
  t.match(missing.stderr, /no-such-program-anywhere/);
  t.equal((await runCommand(import.meta.filename, [])).exitCode, 126);
  t.equal((await runCommand('sh', ['-c', 'kill -9 $$'])).exitCode, 137);
  t.equal((await runCommand('sh', ['-c', 'kill -15 $$'])).exitCode, 143);
});

t.test('administration programs are found, and messages are English', async (t) => {
  const outcome = await runCommand('sh', ['-c', 'echo "$PATH $LC_ALL"']);
  t.match(outcome.stdout, /:\/usr\/sbin:.* C$/m);
});

t.test('a program that stays gets lines, answers, and ends on demand', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const cat = startCommand('cat', [], (text, stream) => resolve(`${stream}:${text}`));
  cat.write('hello\n');
  t.equal(await promise, 'stdout:hello\n');
  cat.stop();
  t.equal((await cat.ended).exitCode, 137);
  cat.write('too late\n');
});

t.test('a program that stays and does not exist ends at once', async (t) => {
  t.equal((await startCommand('no-such-program-anywhere', [], () => {}).ended).exitCode, 127);
});
