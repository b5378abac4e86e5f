/** A client that gives up in every state of a stream, half-closes, leaves or breaks off: the server hears of it, and the connection goes on. */
import './support/inside.ts';

import type { ServerHttp2Stream } from 'node:http2';
import t, { type Test } from 'tap';
import { CODE, dataFrame, goawayFrame, headersFrame, resetFrame } from './support/frames.ts';
import { request } from './support/hpack.ts';
import { serveHttp2 } from './support/node-http2.ts';
import { type Owner, RawPeer } from './support/raw-peer.ts';
import { http2Traffic, Rig } from './support/rig.ts';

t.setTimeout(120_000);
const rig = await Rig.start(t, { web: null });
const { web } = rig.services;

const STREAM = 1;
const LATER = 3;
const BIG = Buffer.alloc(1 << 20, 'x');

/** How the server treats the stream that will be given up; `done` tells what became of it. */
interface Watched {
  readonly stream: Promise<ServerHttp2Stream>;
  /** The code of the reset that the server heard. */
  readonly code: Promise<number>;
}

/** Serves `/ok` with 200 and anything else by `serve`. */
async function watch(t: Owner, serve: (stream: ServerHttp2Stream) => void): Promise<Watched> {
  const seen = Promise.withResolvers<ServerHttp2Stream>();
  const code = Promise.withResolvers<number>();
  await serveHttp2(t, web, (stream, headers) => {
    if (headers[':path'] === '/ok') {
      stream.respond({ ':status': 200 }, { endStream: true });
      return;
    }
    seen.resolve(stream);
    stream.on('close', () => code.resolve(stream.rstCode ?? -1));
    serve(stream);
  });
  return { stream: seen.promise, code: code.promise };
}

interface Cancel {
  readonly title: string;
  readonly serve: (stream: ServerHttp2Stream) => void;
  /** Brings the stream into the state in which it is given up. */
  readonly reach: (client: RawPeer, watched: Watched) => Promise<void>;
  readonly counted: string;
}

const open = (client: RawPeer, end: boolean): void =>
  client.send(headersFrame(STREAM, request(end ? 'GET' : 'POST', '/watched'), end));
const answered = (client: RawPeer): Promise<void> => client.until('the head', () => client.status(STREAM) === 200);

const CANCELS: readonly Cancel[] = [
  {
    title: 'request under way, no answer yet',
    serve: () => undefined,
    async reach(client, watched) {
      open(client, false);
      client.send(dataFrame(STREAM, 'part', false));
      await watched.stream;
    },
    counted: '0 DC',
  },
  {
    title: 'request complete, no answer yet',
    serve: () => undefined,
    async reach(client, watched) {
      open(client, true);
      await watched.stream;
    },
    counted: '0 DC',
  },
  {
    title: 'request under way, answer begun',
    serve(stream) {
      stream.respond({ ':status': 200 });
      stream.write('part');
    },
    async reach(client) {
      open(client, false);
      await answered(client);
    },
    counted: '200 DC',
  },
  {
    title: 'request complete, answer begun',
    serve(stream) {
      stream.respond({ ':status': 200 });
      stream.write('part');
    },
    async reach(client) {
      open(client, true);
      await client.until('the body', () => client.received(STREAM) === 4);
    },
    counted: '200 DC',
  },
  {
    title: 'request complete, a large answer on its way',
    serve(stream) {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.concat([BIG, BIG, BIG, BIG]));
    },
    async reach(client) {
      open(client, true);
      await client.until('100 KB', () => client.received(STREAM) > 100_000);
    },
    counted: '200 DC',
  },
  {
    title: 'answer headed by a 103 only',
    serve: (stream) => stream.additionalHeaders({ ':status': 103 }),
    async reach(client) {
      open(client, true);
      await client.until('the 103', () => client.status(STREAM) === 103);
    },
    counted: '0 DC',
  },
];

function answerLate(stream: ServerHttp2Stream): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200 });
  stream.end('late');
}

/** The connection still carries requests. */
async function assertAlive(t: Test, client: RawPeer): Promise<void> {
  client.send(headersFrame(LATER, request('GET', '/ok'), true));
  await client.settled(LATER);
  t.equal(client.status(LATER), 200, 'the next request on the connection is answered');
  t.equal(client.goaway(), null);
}

for (const { title, serve, reach, counted } of CANCELS) {
  await t.test(`cancel: ${title}`, async (t) => {
    const watched = await watch(t, serve);
    await rig.counts(t, http2Traffic(1, { [counted]: 1, 200: 1 }), async () => {
      const client = await RawPeer.dial(t, web);
      await reach(client, watched);
      client.send(resetFrame(STREAM, CODE.CANCEL));
      t.equal(await watched.code, CODE.CANCEL, 'the server heard CANCEL');
      await assertAlive(t, client);
      t.equal(client.reset(STREAM), null, 'a reset is not answered by a reset');
      client.socket.end();
      await client.until('the end', () => client.closed);
    });
  });
}

await t.test('cancel: a stream that is over already, again and again, is no error', async (t) => {
  await watch(t, () => undefined);
  await rig.counts(t, http2Traffic(1, { 200: 2 }), async () => {
    const client = await RawPeer.dial(t, web);
    client.send(headersFrame(STREAM, request('GET', '/ok'), true));
    await client.settled(STREAM);
    client.send(resetFrame(STREAM, CODE.CANCEL), resetFrame(STREAM, CODE.CANCEL));
    await assertAlive(t, client);
    client.socket.end();
    await client.until('the end', () => client.closed);
  });
});

await t.test('a client that says GOAWAY is served to the end of what it asked', async (t) => {
  const watched = await watch(t, (stream) => {
    setTimeout(() => answerLate(stream), 200);
  });
  await rig.counts(t, http2Traffic(1, { 200: 1 }), async () => {
    const client = await RawPeer.dial(t, web);
    open(client, true);
    await watched.stream;
    client.send(goawayFrame(0, CODE.NO_ERROR));
    await client.settled(STREAM);
    t.equal(client.received(STREAM), 4);
    client.socket.end();
    await client.until('the end', () => client.closed);
  });
});

await t.test(
  'a client that half-closes TCP is gone: a client of HTTP/2 that wants its answers says GOAWAY',
  async (t) => {
    const watched = await watch(t, () => undefined);
    await rig.counts(t, { ...http2Traffic(1, { '0 DC': 1 }), closed: { 'http2 reset': 1 } }, async () => {
      const client = await RawPeer.dial(t, web);
      open(client, true);
      await watched.stream;
      client.socket.end();
      t.equal(await watched.code, CODE.CANCEL, 'the server heard CANCEL');
      await client.until('the end', () => client.closed);
    });
  },
);

await t.test('a client that breaks off gives up all its streams', async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const codes: Promise<unknown>[] = [];
  await serveHttp2(t, web, (stream) => {
    streams.push(stream);
    codes.push(new Promise((resolve) => stream.on('close', resolve)));
  });
  const expected = { ...http2Traffic(1, { '0 DC': 10 }), closed: { 'http2 reset': 1 } };
  await rig.counts(t, expected, async () => {
    const client = await RawPeer.dial(t, web);
    for (let i = 0; i < 10; i++) client.send(headersFrame(1 + 2 * i, request('GET', '/watched'), true));
    await client.until('ten streams', () => streams.length === 10);
    client.socket.resetAndDestroy();
    await Promise.all(codes);
    t.same(new Set(streams.map((stream) => stream.rstCode)), new Set([CODE.CANCEL]));
  });
});

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));

await t.test('a draining agent says GOAWAY and finishes what is under way', async (t) => {
  const watched = await watch(t, (stream) => setTimeout(() => answerLate(stream), 400));
  const client = await RawPeer.dial(t, web);
  open(client, true);
  await watched.stream;
  const drained = rig.agent.stop();
  await client.until('GOAWAY', () => client.goaway() === CODE.NO_ERROR);
  await client.settled(STREAM);
  t.equal(client.received(STREAM), 4, client.describe());
  t.ok(client.ended(STREAM));
  await client.until('the end', () => client.closed);
  await drained;
});
