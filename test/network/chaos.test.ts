/** `npm run chaos` works: its shortest scenario, in a lab of its own. The others take minutes. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const PROGRAM = fileURLToPath(new URL('../../scripts/chaos.ts', import.meta.url));

async function chaos(...args: readonly string[]): Promise<{ status: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...args]);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, out, err };
}

t.setTimeout(120_000);

t.test('every nginx restarts under load, and nothing is lost', async (t) => {
  const { status, out, err } = await chaos('--quick', '--rate', '50', '--scenarios', 'restart-graceful');
  t.equal(status, 0, err);
  t.match(out, /^ok {3}restart-graceful +\d+ requests, 0 lost, p99 .*; 3 restarts of nginx \(SIGQUIT\)$/m);
  t.match(out, /\nchaos: 1 scenarios passed, 0 failed\n$/);
});

t.test('what it does not know it refuses', async (t) => {
  t.match(await chaos('--scenarios', 'earthquake'), { status: 2, out: '', err: /no scenario "earthquake"/ });
  t.match(await chaos('--help'), { status: 0, out: /^Usage: npm run chaos/, err: '' });
});
