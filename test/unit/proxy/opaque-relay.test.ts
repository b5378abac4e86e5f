import { createHash, randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import { address, ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

const sha = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

t.test('a client half-close reaches the server, which can still answer', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => {
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.on('end', () => setTimeout(() => socket.end(`you said ${got}`), 20));
  });
  rig.service(serviceView([port], { protocol: 'tcp' }));
  const client = await rig.client();
  client.socket.end('all of it');
  await rig.until(() => client.ended, 'the end');
  t.equal(client.text, 'you said all of it');
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.closed[0].ending, 'closed');
  t.equal(rig.closed[0].record.bytesFromClient, 9);
  t.equal(rig.closed[0].record.bytesToClient, 18);
  await check(t, rig);
});

t.test('a server half-close reaches the client, which can still send', async (t) => {
  const rig = new ProxyRig();
  let got = '';
  const { port } = await rig.serve((socket) => {
    socket.end('first and last');
    socket.on('data', (chunk) => {
      got += chunk;
    });
  });
  rig.service(serviceView([port], { protocol: 'tcp' }));
  const client = await rig.client();
  await rig.until(() => client.ended, 'the FIN of the server');
  client.socket.end('still sending');
  await rig.until(() => got === 'still sending', 'the bytes after it');
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.closed[0].ending, 'closed');
  await check(t, rig);
});

t.test('a reset passes from either side to the other', async (t) => {
  for (const from of ['client', 'server'] as const) {
    const rig = new ProxyRig();
    const { port, sockets } = await rig.serve((socket) => socket.on('data', (chunk) => socket.write(chunk)));
    rig.service(serviceView([port], { protocol: 'tcp' }));
    const client = await rig.client();
    client.send('x');
    await rig.until(() => client.text === 'x', 'the echo');
    let serverError = '';
    sockets[0].on('error', (error: Error & { code?: string }) => {
      serverError = error.code ?? '';
    });
    if (from === 'client') client.socket.resetAndDestroy();
    else sockets[0].resetAndDestroy();
    const seen = (): string => (from === 'client' ? serverError : (client.error?.code ?? ''));
    await rig.until(() => seen() !== '', `the reset of the ${from} on the other side`);
    t.equal(seen(), 'ECONNRESET');
    t.equal(rig.closed[0].ending, 'reset');
    await check(t, rig);
  }
});

t.test(
  'a refused endpoint is passed over with the bytes already sent; with none left the client is reset',
  async (t) => {
    const rig = new ProxyRig();
    const dead = await rig.serve(() => {});
    await new Promise((resolve) => dead.server.close(resolve));
    const { port } = await rig.serve((socket) => socket.on('data', (chunk) => socket.end(`got ${chunk}`)));
    rig.service(serviceView([dead.port, port]));
    for (let i = 0; i < 6; i++) {
      const client = await rig.client();
      client.send('\x00bytes');
      await rig.until(() => client.ended, 'the answer');
      t.equal(client.text, 'got \x00bytes');
      client.socket.end();
    }
    rig.service(serviceView([dead.port], {}, { version: { epoch: 1, gen: 2, hash: 'y' } }));
    const client = await rig.client();
    client.send('\x00bytes');
    await rig.until(() => client.error !== null, 'the reset');
    t.equal(rig.closed.at(-1)?.ending, 'unreachable');
    await check(t, rig);
  },
);

t.test('bulk in both directions at once arrives whole, through splice, with a slow reader on one side', async (t) => {
  const rig = new ProxyRig({ spliceAfterBytes: 200_000 });
  const up = randomBytes(30_000_000);
  const down = randomBytes(30_000_000);
  const got: Buffer[] = [];
  const { port } = await rig.serve((socket) => {
    socket.write(down);
    socket.on('data', (chunk) => {
      got.push(chunk as Buffer);
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    socket.on('end', () => socket.end());
  });
  rig.destination = address('127.0.0.1', port);
  rig.service(serviceView([port], { protocol: 'tcp' }));
  const client = await rig.client();
  client.socket.end(up);
  await rig.until(() => client.ended, 'the end', 30_000);
  t.equal(sha(Buffer.concat(got)), sha(up));
  t.equal(sha(Buffer.concat(client.chunks)), sha(down));
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.closed[0].record.bytesFromClient, up.length);
  t.equal(rig.closed[0].record.bytesToClient, down.length);
  await check(t, rig);
});

t.test('a service without endpoints resets the connection and says why in its record', async (t) => {
  const rig = new ProxyRig();
  rig.service(serviceView([], { protocol: 'tcp' }));
  const client = await rig.client();
  await rig.until(() => client.error !== null, 'the reset');
  t.equal(rig.closed[0].record.flag, 'UH');
  await check(t, rig);
});
