/**
 * Several HTTP servers in one process, one on each port, that answer `<port>`. A line `restart PORT` on standard input stops one as a
 * good program stops (no new connections, what is under way is answered) and starts it again after 300 ms; it then prints `up PORT`.
 *
 * node endpoints.ts PORT...
 */
import { createServer, type Server } from 'node:http';
import { createInterface } from 'node:readline';

const DOWN_MS = 300;
const servers = new Map<number, Server>();

async function start(port: number): Promise<void> {
  const server = createServer((_, response) => response.end(`${port}`));
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(port, '::', resolve));
  servers.set(port, server);
}

async function restart(port: number): Promise<void> {
  const server = servers.get(port);
  if (server === undefined) throw new RangeError(`no server on port ${port}`);
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  // Connections that carried a request a moment ago become idle: those are closed with the next tick.
  const closing = setInterval(() => server.closeIdleConnections(), 5);
  await closed;
  clearInterval(closing);
  await new Promise((resolve) => setTimeout(resolve, DOWN_MS));
  await start(port);
  process.stdout.write(`up ${port}\n`);
}

for (const port of process.argv.slice(2).map(Number)) await start(port);
process.stdout.write('ready\n');
createInterface(process.stdin).on('line', (line) => void restart(Number(line.split(' ')[1])));
