/**
 * Opens connections and keeps them idle until standard input ends. In mode http1 each has had one answer.
 *
 * node hold-client.ts ADDRESS PORT COUNT tcp|http1 -> prints "held COUNT" when all are open
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const [address = '', port, count, mode] = process.argv.slice(2);
/** Connections that are opened at a time: what a program with many clients sees. */
const AT_ONCE = 50;

async function open(): Promise<Socket> {
  const socket = connect(Number(port), address);
  socket.on('error', (error) => {
    console.error(`a held connection failed: ${error.message}`);
    process.exit(1);
  });
  await once(socket, 'connect');
  if (mode === 'http1') {
    socket.write(`GET / HTTP/1.1\r\nHost: ${address}\r\n\r\n`);
    await once(socket, 'data');
  }
  socket.on('close', () => {
    console.error('a held connection was closed by the other side');
    process.exit(1);
  });
  socket.resume();
  return socket;
}

const sockets: Socket[] = [];
while (sockets.length < Number(count)) {
  const wanted = Math.min(AT_ONCE, Number(count) - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length: wanted }, open))));
}
console.log(`held ${sockets.length}`);
process.stdin.resume().once('end', () => process.exit(0));
