import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { completionScript } from '../../../src/cli/completion.ts';

const COMMANDS = [
  { name: 'agent', summary: "run this host's agent", completions: ['status', '--config'] },
  { name: 'apply', summary: 'apply resources', completions: ['-f', '--wait'] },
  { name: 'get', summary: 'show resources', completions: ['-n'], completesLive: true as const },
];
/** In the place of the program: offers what it was asked, as one word. */
const TOWPATH = `towpath() { IFS=+; echo "live:$*"; }`;

function completeInBash(words: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'completion.bash');
  writeFileSync(file, completionScript('bash', COMMANDS));
  const line = words.map((word) => `'${word}'`).join(' ');
  const script = `${TOWPATH}; source ${file}; COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _towpath; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-uc', script], { encoding: 'utf8' });
  return output.split('\n').filter((word) => word !== '');
}

t.test('bash completes commands, then the words of the command', async (t) => {
  t.strictSame(completeInBash(['towpath', 'a']), ['agent', 'apply']);
  t.strictSame(completeInBash(['towpath', 'agent', '']), ['status', '--config']);
  t.strictSame(completeInBash(['towpath', 'apply', '--w']), ['--wait']);
  t.strictSame(completeInBash(['towpath', 'nonsense', '']), []);
  t.strictSame(
    completeInBash(['towpath', 'get', 'svc', '']),
    ['-n', 'live:completion+words+--+get+svc+'],
    'asks the program',
  );
  t.strictSame(completeInBash(['towpath', 'get', '-']), ['-n']);
});

t.test('zsh and fish get every command, and an apostrophe does not end the quoting', async (t) => {
  for (const shell of ['zsh', 'fish'] as const) {
    const script = completionScript(shell, COMMANDS);
    t.match(script, /agent/);
    t.match(script, /--wait/);
    t.notMatch(script, /host's/);
  }
});
