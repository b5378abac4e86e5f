/** `npm run soak`: makes a network namespace, has the soak run in it, and removes it whatever happens. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { closePlace, commandInside, openPlace } from '../../bench/place/namespace.ts';
import { soakCertificates } from './certificates.ts';
import { soakCollectorOutage } from './collector-outage.ts';

const HELP = `Usage: npm run soak -- [--minutes N] [--certificates | --collector-outage]

Runs an agent under mixed load while clients and servers die at random, for N minutes (default 30, fractions allowed), and checks that no
byte went astray, that nothing failed without a cause, and that nothing leaks. Needs root. Ends with "N passed, N failed".

With --certificates: three hosts under mutual TLS with certificates of 60 s for N minutes. Leaves renew, the root rotates, control is away for
longer than half a life, again and again, and nothing may fail; at the end they expire, and everything must be refused.

With --collector-outage: two hosts that trace and log all of their requests, and an OpenTelemetry collector that hangs, and then is gone, for
N minutes under load. Nothing may fail, p99 may not rise by more than 10 %, memory must stay bounded, and in the end what was not counted as
dropped must have arrived. Takes 2 N minutes: half of N with the collector before, half after. Wants the machine for itself.

Exit status: 0 all passed, 1 something failed, 2 wrong usage.

Examples:
  npm run soak -- --minutes 2
  npm run soak -- --minutes 30
  npm run soak -- --certificates --minutes 20
  npm run soak -- --collector-outage --minutes 5
`;

/** The kernel is to take less than is offered all the time, so that every partial write and every pause of a reader is met. */
const SMALL_BUFFERS = ['net.ipv4.tcp_rmem=4096 16384 65536', 'net.ipv4.tcp_wmem=4096 16384 65536'];

class UsageError extends Error {}

interface Options {
  readonly minutes: number;
  readonly kind: 'mixed' | 'certificates' | 'collector-outage';
}

function parseOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      certificates: { type: 'boolean', default: false },
      'collector-outage': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const minutes = Number(values.minutes);
  const outage = values['collector-outage'];
  if (outage && values.certificates)
    throw new UsageError('--certificates and --collector-outage are soaks of their own');
  const kind = outage ? 'collector-outage' : values.certificates ? 'certificates' : 'mixed';
  if (minutes >= 0.2 && minutes <= 10_000) return { minutes, kind };
  throw new UsageError(`--minutes needs a number from 0.2 to 10000, not "${values.minutes}"`);
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === null) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.getuid?.() !== 0) throw new Error('this needs root: it makes a network namespace and redirect rules');
  const { minutes, kind } = options;
  if (kind === 'certificates') return soakCertificates(minutes);
  if (kind === 'collector-outage') return soakCollectorOutage(minutes);
  const place = openPlace('towpath-soak-', SMALL_BUFFERS);
  try {
    const script = join(import.meta.dirname, 'inside.ts');
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', script, place.folder, String(minutes)];
    const [file = '', ...words] = commandInside(place, node);
    const child = spawn(file, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    // The signal ends the soak; what it leaves is cleared below.
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
  const usage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  process.stderr.write(`soak: ${(error as Error).message}\n${usage ? 'Try: npm run soak -- --help\n' : ''}`);
  process.exitCode = usage ? 2 : 1;
}
