import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect } from 'node:tls';

/** The first bytes that a client sends which offers `protocols` by ALPN. */
export async function recordHello(...protocols: string[]): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const arrived = new Promise<Buffer>((resolve) => server.on('connection', (socket) => socket.once('data', resolve)));
  const { port } = server.address() as AddressInfo;
  const peer = connect({ host: '127.0.0.1', port, ALPNProtocols: protocols });
  peer.on('error', () => {});
  const hello = await arrived;
  peer.destroy();
  server.close();
  return hello;
}
