/** The `towpath` program: connects the command line to this process. The only place that sets the exit status. */
import { readEnvironment } from '../config/environment.ts';
import { runCli } from './run-cli.ts';

const env = readEnvironment();

// A reader that has seen enough (`towpath get | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  colour: process.stdout.isTTY && (env['NO_COLOR'] ?? '') === '',
  env,
});
