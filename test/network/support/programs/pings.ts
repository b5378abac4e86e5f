/**
 * Run inside a host: one connection to a redis that is held and asked again and again, and a new one every now and then, until
 * standard input ends; then a report as JSON.
 *
 *     node pings.ts HOST PORT PAUSE_MS
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [host = '', port = '', pauseMs = '50'] = process.argv.slice(2);
const LIMIT_MS = 15_000;
const MAX_PROBLEMS = 20;

const report = { held: 0, fresh: 0, failed: 0, connections: 0, problems: [] as string[] };
let stopping = false;

async function dial(): Promise<Socket> {
  const socket = connect({ host, port: Number(port), noDelay: true });
  await once(socket, 'connect', { signal: AbortSignal.timeout(LIMIT_MS) });
  report.connections++;
  return socket;
}

async function ping(socket: Socket): Promise<void> {
  const end = once(socket, 'close').then(() => 'the connection ended');
  socket.on('error', () => {});
  socket.write('PING\r\n');
  const answer = once(socket, 'data', { signal: AbortSignal.timeout(LIMIT_MS) }).then(([data]) => String(data));
  const heard = await Promise.race([answer, end]);
  socket.removeAllListeners();
  if (heard !== '+PONG\r\n') throw new Error(heard);
}

async function repeat(what: 'held' | 'fresh', turn: () => Promise<void>): Promise<void> {
  while (!stopping) {
    try {
      await turn();
      report[what]++;
    } catch (error) {
      report.failed++;
      if (report.problems.length < MAX_PROBLEMS) report.problems.push(`${what}: ${(error as Error).message}`);
    }
    if (report.held + report.fresh === 2) process.stderr.write('began\n');
    await sleep(Number(pauseMs));
  }
}

process.stdin.on('end', () => {
  stopping = true;
});
process.stdin.resume();
let held: Socket | null = null;
await Promise.all([
  repeat('held', async () => {
    held ??= await dial();
    await ping(held).catch((error: unknown) => {
      held = null;
      throw error;
    });
  }),
  repeat('fresh', async () => {
    const socket = await dial();
    await ping(socket).finally(() => socket.destroy());
  }),
]);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
