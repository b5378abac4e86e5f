/** `npm run bench`: makes the place in which everything is measured, has it measured there, and removes it whatever happens. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { HELP, parseOptions, UsageError } from './options.ts';
import { closePlace, commandInside, MANY_CONNECTIONS, openPlace } from './place/namespace.ts';

async function main(args: readonly string[]): Promise<number> {
  if (parseOptions(args) === null) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.getuid?.() !== 0) throw new Error('this needs root: it makes a network namespace and redirect rules');
  const place = openPlace('towpath-bench-', MANY_CONNECTIONS);
  try {
    const script = join(import.meta.dirname, 'inside.ts');
    const node = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '--no-concurrent-recompilation',
      script,
      place.folder,
      ...args,
    ];
    const [file = '', ...words] = commandInside(place, node);
    // Temporary files go where they are removed with everything else.
    const env = { ...process.env, TMPDIR: place.folder };
    const child = spawn(file, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env });
    // The signal ends the measuring; what it leaves is cleared below.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGKILL'));
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 130));
    });
  } finally {
    closePlace(place);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  if (error instanceof UsageError) process.stderr.write('Try: npm run bench -- --help\n');
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
