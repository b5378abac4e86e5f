/**
 * Run inside a host of the lab: an operator who changes a route again and again, and repeats each change until it is acknowledged.
 * `@N@` in the template becomes the number of the change. It ends after LIMIT changes or when told to. Commands on standard input, one line
 * of JSON each as the answer:
 *   count    acknowledged changes
 *   leader   the control that holds the lock, or null
 *   steal    removes the lock of the control that leads
 *   stop     once the change under way is acknowledged: `Changed`; it ends
 *   finish   the same after the last change
 *
 * node change-program.ts SERVERS PAUSE_MS LIMIT TEMPLATE
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { stubbornOperator } from '../../test/nats/support/changes.ts';

export interface Changed {
  readonly changes: number;
  /** ms until the slowest change was acknowledged. */
  readonly slowestMs: number;
  readonly elapsedMs: number;
}

const [servers = '', pauseMs = '0', limit = '1', template = ''] = process.argv.slice(2);
const operator = stubbornOperator(servers);
const locks = operator.bus.bucket('towpath_lock');
let stopping = false;
let changes = 0;

async function keepChanging(): Promise<Changed> {
  const started = performance.now();
  let slowestMs = 0;
  while (!stopping && changes < Number(limit)) {
    const asked = performance.now();
    await operator.apply(template.replaceAll('@N@', String(changes + 1)));
    slowestMs = Math.max(slowestMs, performance.now() - asked);
    changes++;
    await sleep(Number(pauseMs));
  }
  return { changes, slowestMs: Math.round(slowestMs), elapsedMs: Math.round(performance.now() - started) };
}

const changed = keepChanging();

async function leader(): Promise<string | null> {
  const lock = await locks.get('leader');
  return lock === null || lock.deleted ? null : (Buffer.from(lock.data).toString().split(' ', 1)[0] ?? null);
}

async function obey(command: string): Promise<unknown> {
  if (command === 'count') return changes;
  if (command === 'leader') return leader();
  if (command === 'steal') return locks.remove('leader', null).then(() => true);
  stopping = command === 'stop';
  return changed;
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await obey(line).catch((error: Error) => ({ problem: error.message }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  if (line === 'stop' || line === 'finish') break;
}
await operator.close();
process.exit(0);
