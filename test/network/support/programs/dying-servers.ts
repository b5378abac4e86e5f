/**
 * Servers that note every POST, and die at random while they serve (SIGKILL); each is started again at once. A note is in the file
 * before the answer is sent, so that it outlives the server.
 *
 *     node dying-servers.ts FILE HTTP1_PORT:HTTP2_PORT...
 *
 * Prints `ready` when all listen, then kills until a line arrives on standard input; then prints `killed COUNT`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';

/** ms between two deaths. */
const [MIN_PAUSE, MAX_PAUSE] = [100, 250];
/** Longest time that an answer takes, ms. */
const SLOWEST = 20;

async function serve(file: string, ports: readonly number[]): Promise<void> {
  const take = async (path: string, body: AsyncIterable<Buffer>): Promise<void> => {
    for await (const _ of body);
    appendFileSync(file, `${path.slice(1)}\n`);
    await sleep(Math.random() * SLOWEST);
  };
  const http1 = createServer((request, response) => {
    take(request.url ?? '', request).then(
      () => response.end('noted'),
      () => {},
    );
  });
  const http2 = createHttp2Server((request, response) => {
    take(request.url, request).then(
      () => response.end('noted'),
      () => {},
    );
  });
  for (const [i, server] of [http1, http2].entries()) await once(server.listen(ports[i], '::'), 'listening');
  process.stdout.write('up\n');
}

/** Resolves once it listens. */
async function startOne(file: string, ports: string): Promise<ChildProcess> {
  const words = ['--disable-warning=ExperimentalWarning', import.meta.filename, 'serve', file, ...ports.split(':')];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function killAtRandom(file: string, pairs: readonly string[]): Promise<void> {
  const children = await Promise.all(pairs.map((ports) => startOne(file, ports)));
  process.stdout.write('ready\n');
  let stopping = false;
  process.stdin.once('data', () => {
    stopping = true;
  });
  let killed = 0;
  while (!stopping) {
    await sleep(MIN_PAUSE + Math.random() * (MAX_PAUSE - MIN_PAUSE));
    const victim = Math.floor(Math.random() * children.length);
    const gone = once(children[victim] as ChildProcess, 'exit');
    children[victim]?.kill('SIGKILL');
    await gone;
    killed++;
    children[victim] = await startOne(file, pairs[victim] ?? '');
  }
  process.stdout.write(`killed ${killed}\n`);
  for (const child of children) child.kill('SIGKILL');
  process.exit(0);
}

const [first = '', second = '', ...rest] = process.argv.slice(2);
if (first === 'serve') await serve(second, rest.map(Number));
else await killAtRandom(first, [second, ...rest]);
