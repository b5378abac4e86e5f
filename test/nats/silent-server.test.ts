/** A server that accepts connections and then says nothing, as a stopped or overloaded nats-server does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t from 'tap';
import { connectOnce } from '../../src/contract/open-bus.ts';

const open = new Set<Socket>();
const server = createServer((socket) => {
  open.add(socket);
  socket.on('error', () => undefined).on('close', () => open.delete(socket));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
t.teardown(() => {
  for (const socket of open) socket.destroy();
  server.close();
});

t.test('a dial that is given up leaves no socket open', async (t) => {
  const settings = { servers: [url], name: 'test', inboxId: 'silent', credentialsFile: null, reads: 'leader' } as const;
  for (let i = 0; i < 3; i++) await t.rejects(connectOnce(settings, 100));
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.equal(open.size, 0, 'the server has seen every connection end');
});

t.test('a command says so and ends', async (t) => {
  const towpath = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    new URL('../../src/cli/main.ts', import.meta.url).pathname,
    ...['status', '--server', url],
  ]);
  const killed = setTimeout(() => towpath.kill('SIGKILL'), 10_000);
  const words = towpath.stderr.setEncoding('utf8').toArray();
  const [code] = await once(towpath, 'exit');
  clearTimeout(killed);
  t.equal(code, 1);
  t.match(
    (await words).join(''),
    /^error: no NATS server can be used at nats:\/\/127\.0\.0\.1:\d+ \(timeout\)\nhint: /,
  );
});
