/**
 * Stands where a proxy or a program would: listens on the given ports, IPv4 and IPv6 apart, and tells each caller which port took
 * the connection and what was dialled (SO_ORIGINAL_DST). A caller that sends lines gets them back.
 * Usage: node report-listener.ts PORT...
 */
import { createServer, type Socket } from 'node:net';
import { formatAddress } from '../../../src/core/address.ts';
import { Kernel } from '../../../src/reactor/kernel.ts';
import { MINIMUM_SLAB_BYTES, Slab } from '../../../src/reactor/slab.ts';

const bytes = MINIMUM_SLAB_BYTES + 64;
const kernel = new Kernel(new Slab(new ArrayBuffer(bytes), 0, bytes));

function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

function listen(port: number, family: 4 | 6): Promise<void> {
  const server = createServer((socket) => {
    const dialled = kernel.originalDestination(descriptorOf(socket), family);
    // With connection tracking on, a connection that was not redirected reports its own address.
    const isRedirected = dialled !== null && dialled.port !== socket.localPort;
    const target = isRedirected ? formatAddress(dialled) : 'nobody';
    socket.on('error', () => {});
    socket.write(`${port} for ${target} from ${socket.remoteAddress}\n`);
    socket.pipe(socket);
  });
  return new Promise((resolve) => {
    server.listen({ port, host: family === 4 ? '0.0.0.0' : '::', ipv6Only: family === 6 }, resolve);
  });
}

for (const port of process.argv.slice(2).map(Number)) {
  await listen(port, 4);
  await listen(port, 6);
}
process.stdout.write('ready\n');
