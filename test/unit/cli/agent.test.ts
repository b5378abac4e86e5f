import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { agentCommand } from '../../../src/cli/agent.ts';

const MAIN = new URL('../../../src/cli/main.ts', import.meta.url).pathname;
const NOBODY = 65534;

/** Runs `towpath agent ...` to its end, as an unprivileged user if asked. */
function towpathAgent(args: readonly string[], nodeOptions: readonly string[] = [], uid?: number) {
  const options = {
    encoding: 'utf8' as const,
    timeout: 20_000,
    env: { PATH: process.env['PATH'] },
    ...(uid === undefined ? {} : { uid }),
  };
  const node = ['--disable-warning=ExperimentalWarning', ...nodeOptions];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, MAIN, 'agent', ...args], options);
  return { status, stdout, stderr };
}

t.test('every verb and option of the help is completed', async (t) => {
  for (const word of agentCommand.completions) t.match(agentCommand.help, word === '--help' ? 'towpath agent' : word);
});

t.test('a missing agent file is one sentence with the thing to do', async (t) => {
  t.match(towpathAgent(['--config', '/nonexistent.yaml']), {
    status: 1,
    stdout: '',
    stderr:
      /^error: cannot read the agent file \/nonexistent\.yaml: there is no such file\nhint: name it with --config FILE/,
  });
});

t.test('every problem of the agent file is a line with its path', async (t) => {
  const file = join(t.testdir({ 'agent.yaml': 'mesh: 3\nports: { admin: 15001 }\nprots: {}\n' }), 'agent.yaml');
  const { status, stderr } = towpathAgent(['--config', file]);
  t.equal(status, 1);
  t.match(stderr, `error: ${file}: mesh: must be a string, not 3`);
  t.match(stderr, `error: ${file}: prots: unknown field`);
});

t.test('bad resource files are lines with field paths, and nothing is started', async (t) => {
  const yaml = 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { prots: [] }\n';
  const file = join(t.testdir({ 'r.yaml': yaml }), 'r.yaml');
  const { status, stdout, stderr } = towpathAgent(['--standalone', '--no-intercept', file]);
  t.equal(status, 1);
  t.match(stderr, `error: ${file}: Service default/a: spec.prots: unknown field; did you mean "ports"?`);
  t.equal(stdout, '', 'the log has not begun');
});

t.test('without root there is one sentence', async (t) => {
  const folder = t.testdir({ 'r.yaml': '' });
  chmodSync(folder, 0o755);
  t.match(towpathAgent(['--standalone', join(folder, 'r.yaml')], [], NOBODY), {
    status: 1,
    stderr:
      'error: the agent must be root to install its interception rules\nhint: run it with sudo, or give --no-intercept to start it without rules\n',
  });
});

t.test('a Node without node:ffi is told so, in words', async (t) => {
  const { status, stderr } = towpathAgent(['--standalone', '/dev/null'], ['--no-experimental-ffi']);
  t.equal(status, 1);
  t.match(stderr, /^error: this Node \(v[\d.]+\) has no node:ffi/);
});
