import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'towpath-build-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** Laid out as npm lays out a package: Node strips no types below node_modules, so only compiled code can run there. */
const installed = join(folder, 'node_modules', 'towpath');
mkdirSync(join(installed, 'bin'), { recursive: true });
cpSync(join(root, 'package.json'), join(installed, 'package.json'));
cpSync(join(root, 'bin', 'towpath'), join(installed, 'bin', 'towpath'));
symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));

function run(file: string, args: readonly string[]) {
  return spawnSync(file, args, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
}

t.test('the build emits JavaScript for every source file', async (t) => {
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  const build = run(tsc, ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')]);
  t.equal(build.stdout + build.stderr, '');
  t.equal(build.status, 0);
});

t.test('the launcher runs the sources of a checkout, also through a link', async (t) => {
  symlinkSync(join(root, 'bin', 'towpath'), join(folder, 'towpath-link'));
  for (const launcher of [join(root, 'bin', 'towpath'), join(folder, 'towpath-link')]) {
    const help = run(launcher, ['--help']);
    t.match(help.stdout, /towpath COMMAND/, launcher);
    t.equal(help.stderr, '', 'no warning is shown');
    t.equal(help.status, 0);
  }
});

t.test('the launcher runs the compiled code of an installed package', async (t) => {
  const help = run(join(installed, 'bin', 'towpath'), ['--help']);
  t.match(help.stdout, /towpath COMMAND/);
  t.equal(help.stderr, '');
  t.equal(help.status, 0);
  const fromSource = run(join(root, 'bin', 'towpath'), ['--help']);
  t.equal(help.stdout, fromSource.stdout, 'the same text as from the sources');
});

t.test('a package without its Node says so in one sentence', async (t) => {
  const bare = join(folder, 'bare');
  mkdirSync(join(bare, 'bin'), { recursive: true });
  cpSync(join(root, 'package.json'), join(bare, 'package.json'));
  cpSync(join(root, 'bin', 'towpath'), join(bare, 'bin', 'towpath'));
  const result = spawnSync(join(bare, 'bin', 'towpath'), ['--help'], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  });
  t.equal(result.status, 1);
  t.match(result.stderr, /^towpath: Node \d+\.\d+\.\d+ is needed and was not found[^\n]*\n$/);
});
