import { createHash, type Hash } from 'node:crypto';
import { createServer as createPlainServer, request as plainRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import t, { type Test } from 'tap';
import { connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';

const MB = 1 << 20;
const SIZE = 100 * MB;
type Protocol = 'http1' | 'http2';

/** Pseudo-random pieces of odd sizes, the same for the same seed. */
function* pieces(seed: number, size: number): Generator<Buffer> {
  const block = Buffer.alloc(256 * 1024);
  let state = seed;
  for (let i = 0; i < block.length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    block.writeUInt32LE(state, i);
  }
  for (let sent = 0, n = 1; sent < size; sent += n) {
    n = Math.min(size - sent, 1 + ((sent * 7919 + seed) % 90_001));
    yield block.subarray(0, n);
  }
}

function sumOf(seed: number, size: number): string {
  const hash = createHash('md5');
  for (const piece of pieces(seed, size)) hash.update(piece);
  return hash.digest('hex');
}

async function digest(stream: AsyncIterable<Buffer>): Promise<{ sum: string; bytes: number }> {
  const hash: Hash = createHash('md5');
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sum: hash.digest('hex'), bytes };
}

/** A server that answers with a big body once it has taken the whole of the request's, whose sum it tells by `got`. */
async function serveBulk(rig: ProxyRig, protocol: Protocol, got: string[]): Promise<number> {
  if (protocol === 'http2') {
    const { port } = await serveHttp2(rig, async (stream) => {
      got.push((await digest(stream)).sum);
      stream.respond();
      await pipeline(Readable.from(pieces(2, SIZE)), stream).catch(() => {});
    });
    return port;
  }
  const server = createPlainServer(async (request, response) => {
    got.push((await digest(request)).sum);
    await pipeline(Readable.from(pieces(2, SIZE)), response).catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  rig.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Sends a big body and digests the answer's. */
async function exchange(rig: ProxyRig, protocol: Protocol): Promise<{ sum: string; bytes: number }> {
  if (protocol === 'http2') {
    const session = await connectHttp2(rig, { initialWindowSize: MB });
    session.setLocalWindowSize(4 * MB);
    const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': 'x' });
    const [answer] = await Promise.all([
      digest(stream),
      pipeline(Readable.from(pieces(1, SIZE)), stream, { end: true }),
    ]);
    return answer;
  }
  const request = plainRequest({ port: rig.port, host: '127.0.0.1', method: 'POST', agent: false });
  const response = new Promise<AsyncIterable<Buffer>>((resolve, reject) =>
    request.on('response', resolve).on('error', reject),
  );
  await pipeline(Readable.from(pieces(1, SIZE)), request);
  return digest(await response);
}

function heldBytes({ slab }: ProxyRig['reactor'], free: { small: number; large: number }): number {
  return (free.small - slab.freeSmallChunks) * 4096 + (free.large - slab.freeLargeChunks) * 65_536;
}

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

t.setTimeout(300_000);
const [up, down] = [sumOf(1, SIZE), sumOf(2, SIZE)];

for (const [client, service] of [
  ['http1', 'http1'],
  ['http1', 'http2'],
  ['http2', 'http1'],
  ['http2', 'http2'],
] as const) {
  t.test(`100 MB pass both ways unchanged from ${client} to ${service}`, { timeout: 120_000 }, async (t) => {
    const rig = new ProxyRig();
    const got: string[] = [];
    rig.service(serviceView([await serveBulk(rig, service, got)], { protocol: service }));
    const { slab } = rig.reactor;
    const free = { small: slab.freeSmallChunks, large: slab.freeLargeChunks };
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, heldBytes(rig.reactor, free));
    }, 1);
    const answer = await exchange(rig, client);
    clearInterval(watch);
    t.same(got, [up]);
    t.same(answer, { sum: down, bytes: SIZE });
    t.ok(most <= MB, `${most} bytes were held at most`);
    await check(t, rig);
  });

  t.test(`a slow reader of a 1 GB body from ${service} to ${client} holds at most 1 MB`, async (t) => {
    const rig = new ProxyRig();
    let sent = 0;
    const endless = async function* (): AsyncGenerator<Buffer> {
      const block = Buffer.alloc(65_536);
      for (; sent < 1000 * MB; sent += block.length) yield block;
    };
    const server = createPlainServer(
      (_request, response) => void pipeline(Readable.from(endless()), response).catch(() => {}),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    rig.onEnd(() => server.closeAllConnections());
    rig.onEnd(() => server.close());
    const http2 = await serveHttp2(rig, (stream) => {
      stream.respond();
      void pipeline(Readable.from(endless()), stream).catch(() => {});
    });
    const port = service === 'http2' ? http2.port : (server.address() as AddressInfo).port;
    rig.service(serviceView([port], { protocol: service }));
    const { slab } = rig.reactor;
    const free = { small: slab.freeSmallChunks, large: slab.freeLargeChunks };
    let got = 0;
    const slow = async (stream: Readable): Promise<void> => {
      stream.pause();
      for (let i = 0; i < 30; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const chunk = stream.read() as Buffer | null;
        got += chunk?.length ?? 0;
        t.ok(heldBytes(rig.reactor, free) <= MB, `${heldBytes(rig.reactor, free)} bytes are held`);
      }
    };
    if (client === 'http2') {
      const session = await connectHttp2(rig);
      const stream = session.request({ ':path': '/', ':authority': 'x' });
      stream.on('error', () => {});
      await slow(stream);
      session.destroy();
    } else {
      const request = plainRequest({ port: rig.port, host: '127.0.0.1', agent: false }).end();
      request.on('error', () => {});
      const response = await new Promise<Readable>((resolve) => request.on('response', resolve));
      response.on('error', () => {});
      await slow(response);
      request.destroy();
    }
    t.ok(got > 0, 'something was read');
    t.ok(sent < 40 * MB, `the server was held back after ${sent} bytes`);
    await rig.until(() => rig.closed.length === 1, 'the record');
    await check(t, rig);
  });
}
