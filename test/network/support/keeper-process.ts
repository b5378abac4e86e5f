/**
 * An agent reduced to its interception keeper, so that a test can kill it. Prints `started`, then each event as JSON.
 * Reads orders as lines: pause, resume, release, stop, state. Usage: node keeper-process.ts [SETTINGS AS JSON]
 */
import { createInterface } from 'node:readline';
import { DEFAULT_SETTINGS, InterceptionKeeper, type InterceptionSettings } from '../../../src/intercept/index.ts';

const overrides = JSON.parse(process.argv[2] ?? '{}') as Partial<InterceptionSettings>;
const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const keeper = new InterceptionKeeper({ ...DEFAULT_SETTINGS, ...overrides }, { onEvent: print });
process.setegid?.(DEFAULT_SETTINGS.gid);

async function obey(order: string): Promise<void> {
  if (order === 'pause') keeper.pauseLease();
  else if (order === 'resume') keeper.resumeLease();
  else if (order === 'release') await keeper.release();
  else if (order === 'state') print({ type: 'state', cpu: process.cpuUsage(), ...keeper.state() });
  else if (order === 'stop') {
    await keeper.stop();
    process.exitCode = 0;
    input.close();
  }
  print({ type: 'done', order });
}

await keeper.start();
print({ type: 'started' });
const input = createInterface({ input: process.stdin });
for await (const order of input) await obey(order);
