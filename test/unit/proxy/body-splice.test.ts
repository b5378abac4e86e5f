/** Long bodies of known length, which the kernel moves: whole, cut, blocked, in either direction. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { HttpRoutingView } from '../../../src/contract/views.ts';
import { ProxyRig, type RigClient, serviceView } from '../../helpers/proxy-rig.ts';

const MB = 1 << 20;
const GET = 'GET / HTTP/1.1\r\nHost: orders\r\n\r\n';
const SMALL = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const body = (bytes: number): Buffer => Buffer.alloc(bytes, 'a body whose period is a prime: 41 bytes..');
const digest = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');
const heard = (client: RigClient): Buffer => Buffer.concat(client.chunks);

/** Counts what the kernel is asked to splice. */
function countSplices(rig: ProxyRig): () => number {
  const { kernel } = rig.reactor;
  const splice = kernel.splice.bind(kernel);
  let bytes = 0;
  kernel.splice = (from, to, length) => {
    const n = splice(from, to, length);
    if (n > 0) bytes += n;
    return n;
  };
  // Each byte goes into the pipe and out of it.
  return () => bytes / 2;
}

async function end(t: Test, rig: ProxyRig): Promise<void> {
  const endpoints = [...rig.context.outbound.all()];
  await rig.until(() => endpoints.every((e) => e.active === 0), 'the endpoints to be idle').catch(() => {});
  t.ok(
    endpoints.every((e) => e.active === 0),
    'no request is in flight',
  );
  t.same(await rig.end(), { errors: [], internal: 0, chunks: 0 });
}

/** Answers each GET with that many bytes. */
const answering =
  (bytes: number) =>
  (socket: Socket): void => {
    socket.on('data', (request) => {
      for (const _ of request.toString('latin1').match(/GET/g) ?? []) {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
        socket.write(body(bytes));
      }
    });
    socket.on('end', () => socket.end());
  };

t.test('a long answer is spliced and whole, and both connections go on', async (t) => {
  const rig = new ProxyRig();
  const spliced = countSplices(rig);
  const { port, sockets } = await rig.serve(answering(8 * MB));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  for (const i of [1, 2]) {
    client.clear();
    client.send(GET);
    await rig.until(() => client.bytes >= 8 * MB + 43, 'the answer');
    const all = heard(client);
    t.equal(digest(all.subarray(all.indexOf('\r\n\r\n') + 4)), digest(body(8 * MB)), `answer ${i} is whole`);
  }
  t.ok(spliced() > 15 * MB, `${spliced()} bytes were spliced`);
  t.equal(sockets.length, 1, 'over one connection');
  t.equal(rig.count('towpath_requests_total', { code: '200' }), 2);
  client.socket.end();
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.ok((rig.closed[0]?.record.bytesToClient ?? 0) > 16 * MB, 'spliced bytes are counted');
  await end(t, rig);
});

t.test('a long upload is spliced and whole, and both connections go on', async (t) => {
  const rig = new ProxyRig();
  const spliced = countSplices(rig);
  const got: Buffer[] = [];
  const { port, sockets } = await rig.serve((socket) => {
    let left = 0;
    socket.on('data', (chunk: Buffer) => {
      let part = chunk;
      if (left === 0) {
        left = 8 * MB;
        part = chunk.subarray(chunk.indexOf('\r\n\r\n') + 4);
      }
      got.push(part);
      left -= part.length;
      if (left === 0) socket.write(SMALL);
    });
  });
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  for (const i of [1, 2]) {
    client.clear();
    got.length = 0;
    client.send(`POST / HTTP/1.1\r\nHost: orders\r\nContent-Length: ${8 * MB}\r\n\r\n`);
    client.send(body(8 * MB));
    await rig.until(() => client.text === SMALL, 'the answer');
    t.equal(digest(Buffer.concat(got)), digest(body(8 * MB)), `upload ${i} is whole`);
  }
  t.ok(spliced() > 15 * MB, `${spliced()} bytes were spliced`);
  t.equal(sockets.length, 1, 'over one connection');
  await end(t, rig);
});

t.test('a request that is pipelined behind a spliced answer gets its own', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve(answering(2 * MB));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.bytes > 1000, 'the answer to begin');
  client.send(GET);
  await rig.until(() => client.bytes >= 4 * MB + 86, 'both answers');
  t.equal(client.text.split('HTTP/1.1 200 OK').length - 1, 2);
  await end(t, rig);
});

t.test('an answer to an upload under way is delivered, and both connections end', async (t) => {
  const rig = new ProxyRig();
  let server: Socket | null = null;
  const { port } = await rig.serve((socket) => {
    server = socket;
    socket.once('data', () => socket.pause());
  });
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  client.send(`POST / HTTP/1.1\r\nHost: orders\r\nContent-Length: ${64 * MB}\r\n\r\n`);
  client.send(body(32 * MB));
  await rig.until(() => server !== null, 'the upload to begin');
  await new Promise((resolve) => setTimeout(resolve, 100));
  (server as Socket | null)?.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
  await rig.until(() => client.ended || client.closed, 'the end');
  t.match(client.text, /^HTTP\/1\.1 413 .*Connection: close\r\n\r\nno$/s);
  await end(t, rig);
});

const CUTS: readonly [string, (server: Socket, client: RigClient) => void, number][] = [
  ['the server ends', (server) => server.end(), 0],
  ['the server resets', (server) => server.resetAndDestroy(), 0],
  ['the client resets', (_server, client) => client.socket.resetAndDestroy(), 1],
];
for (const [what, cut, byClient] of CUTS) {
  t.test(`a spliced answer looks cut when ${what}`, async (t) => {
    const rig = new ProxyRig();
    let server: Socket | null = null;
    const { port } = await rig.serve((socket) => {
      server = socket;
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * MB}\r\n\r\n`);
        socket.write(body(4 * MB));
      });
    });
    rig.service(serviceView([port], { protocol: 'http1' }));
    const client = await rig.client();
    client.send(GET);
    await rig.until(() => client.bytes >= 4 * MB, 'what there is of the answer');
    if (server !== null) cut(server, client);
    await rig.until(() => client.closed, 'the end');
    if (byClient === 0) t.equal(client.error?.code, 'ECONNRESET');
    const flags = byClient === 0 ? 'UC' : 'DC';
    await rig.until(() => rig.count('towpath_requests_total', { flags }) === 1, `it to be counted as ${flags}`);
    t.equal(rig.closed[0]?.ending, 'reset');
    await end(t, rig);
  });

  t.test(`an upload that is spliced looks cut when ${what}`, async (t) => {
    const rig = new ProxyRig();
    let server: Socket | null = null;
    let ended = '';
    const { port } = await rig.serve((socket) => {
      server = socket;
      socket.on('data', () => {});
      socket.on('end', () => {
        ended = 'fin';
      });
      socket.on('error', (error: Error & { code?: string }) => {
        ended = error.code ?? '';
      });
    });
    rig.service(serviceView([port], { protocol: 'http1' }));
    const client = await rig.client();
    client.send(`POST / HTTP/1.1\r\nHost: orders\r\nContent-Length: ${64 * MB}\r\n\r\n`);
    client.send(body(4 * MB));
    await rig.until(() => client.socket.writableLength === 0 && server !== null, 'the upload');
    if (server !== null) cut(server, client);
    if (byClient === 1) await rig.until(() => ended === 'ECONNRESET', 'the server to see a reset');
    else await rig.until(() => /^HTTP\/1\.1 503 /.test(client.text) || client.closed, 'an answer');
    t.ok(byClient === 1 || /^HTTP\/1\.1 503 /.test(client.text) || client.error !== null, 'the client knows');
    await end(t, rig);
  });
}

t.test('the time limit of a route also holds for a spliced answer', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => {
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * MB}\r\n\r\n`);
      socket.write(body(2 * MB));
    });
  });
  const http: HttpRoutingView = {
    entries: [{ path: null, method: null, headers: [], query: [], action: 0 }],
    actions: [
      {
        route: 'shop/r',
        rule: '0',
        backends: [{ cluster: 'shop/orders:80', weight: 1, requestHeaders: null }],
        requestHeaders: null,
        requestTimeoutMs: 200,
      },
    ],
  };
  rig.service(serviceView([port], { protocol: 'http1', http }));
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.closed, 'the limit');
  t.equal(client.error?.code, 'ECONNRESET');
  t.equal(rig.count('towpath_requests_total', { flags: 'UT' }), 1);
  await end(t, rig);
});

t.test('a client that reads slowly gets all of a long answer while the proxy holds next to nothing', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve(answering(48 * MB));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  client.socket.pause();
  client.send(GET);
  await rig.until(() => rig.reactor.openSockets === 2, 'the exchange');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const held = rig.reactor.slab.chunksInUse * 65_536;
  t.ok(held <= 2 * 65_536, `${held} bytes of buffers are in use`);
  client.socket.resume();
  await rig.until(() => client.bytes >= 48 * MB + 44, 'the answer', 20_000);
  const all = heard(client);
  t.equal(digest(all.subarray(all.indexOf('\r\n\r\n') + 4)), digest(body(48 * MB)));
  await end(t, rig);
});

t.test('with no pipe free a long answer is copied', async (t) => {
  const rig = new ProxyRig();
  const spliced = countSplices(rig);
  rig.reactor.pipes.lend = () => null;
  const { port } = await rig.serve(answering(2 * MB));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.bytes >= 2 * MB + 43, 'the answer');
  const all = heard(client);
  t.equal(digest(all.subarray(all.indexOf('\r\n\r\n') + 4)), digest(body(2 * MB)));
  t.equal(spliced(), 0);
  await end(t, rig);
});
