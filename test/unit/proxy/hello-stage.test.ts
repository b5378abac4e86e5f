/** How a ClientHello may come, seen through a port with TLSRoutes. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

/** The first flight of a real client. */
async function realHello(servername: string): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectTls({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, servername });
  client.on('error', () => {});
  const [peer] = await once(server, 'connection');
  peer.on('error', () => {});
  const [bytes] = await once(peer, 'data');
  client.destroy();
  server.close();
  return bytes;
}

/** A rig whose one port takes `a.example.com` to a server that keeps what it hears. */
async function rigFor(limits = {}): Promise<{ rig: ProxyRig; heard: () => Buffer }> {
  const rig = new ProxyRig(limits);
  const chunks: Buffer[] = [];
  const { port } = await rig.serve((socket) => socket.on('data', (bytes) => chunks.push(Buffer.from(bytes))));
  const backends = [{ cluster: 'shop/orders:80', weight: 1 }];
  rig.service(
    serviceView([port], { tls: [{ hostname: 'a.example.com', action: { route: 'shop/r', rule: '0', backends } }] }),
  );
  return { rig, heard: () => Buffer.concat(chunks) };
}

t.test('a hello that comes byte by byte is awaited, and arrives as it was', async (t) => {
  const { rig, heard } = await rigFor();
  const hello = await realHello('a.example.com');
  const client = await rig.client();
  for (let at = 0; at < hello.length; at += 50) {
    client.send(hello.subarray(at, at + 50));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await rig.until(() => heard().length === hello.length, 'the whole hello');
  t.ok(heard().equals(hello));
  t.same(await ended(rig), { errors: [], internal: 0, chunks: 0 });
});

const ENDS: readonly (readonly [what: string, bytes: Buffer, ending: string, flag: string])[] = [
  ['half a hello and then the end', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]), 'refused', 'NR'],
  ['the end at once', Buffer.alloc(0), 'refused', 'NR'],
  ['another protocol', Buffer.from('SSH-2.0-x\r\n'), 'refused', 'NR'],
  ['a record that is no hello', Buffer.from([0x16, 3, 1, 0, 4, 2, 0, 0, 0]), 'refused', 'NR'],
];

for (const [what, bytes, ending, flag] of ENDS) {
  t.test(`${what}: ${ending}, and nothing is dialled`, async (t) => {
    const { rig, heard } = await rigFor();
    const client = await rig.client();
    client.socket.end(bytes);
    await rig.until(() => rig.closed.length === 1, 'the record');
    t.match(rig.closed[0], { ending, record: { flag } });
    t.equal(heard().length, 0);
    t.same(await ended(rig), { errors: [], internal: 0, chunks: 0 });
  });
}

t.test('a hello that does not go on costs its client the connection, not us our memory', async (t) => {
  const { rig } = await rigFor({ headTimeoutMs: 300 });
  const client = await rig.client();
  client.send(Buffer.from([0x16, 3, 1, 2, 0, 1, 0]));
  await rig.until(() => client.closed, 'the reset');
  t.match(rig.closed[0], { ending: 'timeout', record: { flag: 'SI' } });
  t.same(await ended(rig), { errors: [], internal: 0, chunks: 0 });
});

t.test('a client that goes away meanwhile is forgotten', async (t) => {
  const { rig } = await rigFor();
  const client = await rig.client();
  client.send(Buffer.from([0x16, 3, 1, 2, 0, 1, 0]));
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.socket.resetAndDestroy();
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.closed[0]?.ending, 'reset');
  t.same(await ended(rig), { errors: [], internal: 0, chunks: 0 });
});

async function ended(rig: ProxyRig): Promise<unknown> {
  const { errors, internal, chunks } = await rig.end();
  return { errors, internal, chunks };
}
