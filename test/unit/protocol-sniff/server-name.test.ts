import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import t from 'tap';
import { sniffServerName } from '../../../src/protocol-sniff/server-name.ts';

/** The first flight of a real TLS client. */
async function realHello(servername: string, ALPNProtocols: string[]): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = connect({
    host: '127.0.0.1',
    port: address.port,
    servername,
    ALPNProtocols,
    rejectUnauthorized: false,
  });
  client.on('error', () => {});
  const [peer] = await once(server, 'connection');
  const chunks: Buffer[] = [];
  peer.on('error', () => {});
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  while (sniffServerName(Buffer.concat(chunks), 0, Buffer.concat(chunks).length).type === 'need-more')
    await once(peer, 'data');
  client.destroy();
  server.close();
  return Buffer.concat(chunks);
}

/** Splits the handshake message of one record over records of `size` bytes. */
function split(hello: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 5; at < hello.length; at += size) {
    const body = hello.subarray(at, at + size);
    records.push(Buffer.from([0x16, 3, 1, body.length >> 8, body.length & 255]), body);
  }
  return Buffer.concat(records);
}

t.test(
  'the hello of a real client names its server and protocols, whole, byte by byte and over many records',
  async (t) => {
    const hello = await realHello('Orders.Shop.example', ['h2', 'http/1.1']);
    const expected = { type: 'hello', serverName: 'orders.shop.example', protocols: ['h2', 'http/1.1'] };
    t.same(sniffServerName(hello, 0, hello.length), expected);
    for (let length = 0; length < hello.length; length++) {
      if (sniffServerName(hello, 0, length).type !== 'need-more') t.fail(`decided after ${length} bytes`);
    }
    for (const size of [1, 7, 100]) {
      const records = split(hello, size);
      t.same(sniffServerName(records, 0, records.length), expected, `records of ${size} bytes`);
    }
    const shifted = Buffer.concat([Buffer.from('xyz'), hello]);
    t.same(sniffServerName(shifted, 3, hello.length), expected, 'at another place');
  },
);

t.test('a hello without server name or ALPN is still a hello', async (t) => {
  const hello = await realHello('', []);
  t.match(sniffServerName(hello, 0, hello.length), { type: 'hello', serverName: null, protocols: [] });
});

t.test('a damaged hello is malformed or incomplete, and never throws', async (t) => {
  const hello = await realHello('a.example', ['h2']);
  for (let i = 0; i < hello.length; i++) {
    for (const value of [0, 0xff]) {
      const damaged = Buffer.from(hello);
      damaged[i] = value;
      t.ok(['hello', 'malformed', 'need-more'].includes(sniffServerName(damaged, 0, damaged.length).type));
    }
  }
  t.equal(sniffServerName(Buffer.from('GET / HTTP/1.1\r\n'), 0, 16).type, 'malformed');
  t.equal(
    sniffServerName(Buffer.from([0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]), 0, 9).type,
    'malformed',
    'longer than the limit',
  );
});
