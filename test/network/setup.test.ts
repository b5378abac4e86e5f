import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';

const root = join(import.meta.dirname, '..', '..');
const setup = join(root, 'scripts', 'setup.sh');

/** `npm test` has just set everything up. `--check` comes first, so that this test itself never installs anything. */
t.test('a second set-up has nothing to do and needs no network', async (t) => {
  const check = spawnSync('bash', [setup, '--check', 'test'], { encoding: 'utf8' });
  t.equal(check.stdout + check.stderr, '');
  t.equal(check.status, 0, 'everything is there: run bash scripts/setup.sh test');
  if (check.status !== 0) return;
  const again = spawnSync('unshare', ['--net', 'bash', setup, 'test'], { encoding: 'utf8' });
  t.equal(again.stderr, '');
  t.equal(again.status, 0);
});

t.test('a purpose that does not exist is wrong usage', async (t) => {
  for (const args of [[], ['nonsense'], ['--check'], ['demo', 'test']]) {
    const result = spawnSync('bash', [setup, ...args], { encoding: 'utf8' });
    t.equal(result.status, 2, args.join(' '));
    t.match(result.stderr, /^Usage: scripts\/setup\.sh/);
  }
});
