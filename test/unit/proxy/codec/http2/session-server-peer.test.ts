/** The server role against node:http2 as client, over real sockets. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type SecureClientSessionOptions,
} from 'node:http2';
import t, { type Test } from 'tap';
import type { Http2Config } from '../../../../../src/proxy/codec/http2/http2-config.ts';
import { turnFor, turnUntil } from '../../../reactor/support/world.ts';
import { type Connection, createPeerWorld, endWorld, type PeerWorld, serve } from './support/peer-world.ts';
import { App } from './support/stream-users.ts';

const MB = 1 << 20;

interface Setting {
  readonly world: PeerWorld;
  readonly app: App;
  readonly client: ClientHttp2Session;
  readonly connections: Connection[];
}

/** Runs `body` with a client connected; afterwards nothing may be left of it. */
function peerTest(
  title: string,
  body: (t: Test, setting: Setting) => Promise<void>,
  config: Partial<Http2Config> = {},
  options: SecureClientSessionOptions = {},
): void {
  t.test(title, async (t) => {
    const world = createPeerWorld();
    const app = new App(world.memory);
    const { port, connections } = serve(world, app.onRequest, config);
    const client = connect(`http://127.0.0.1:${port}`, options);
    client.on('error', () => {});
    world.atEnd.push(() => client.destroy());
    try {
      await turnUntil(world, () => connections.length === 1);
      await body(t, { world, app, client, connections });
    } finally {
      const [chunks, thrown] = await endWorld(world, connections);
      t.equal(chunks, 0, 'no buffer is left behind');
      t.same(thrown, []);
    }
  });
}

interface Answer {
  status: number;
  bytes: number;
  headers: Record<string, unknown>;
  interim: number[];
  trailers: Record<string, unknown> | null;
  ended: boolean;
  closed: boolean;
  code: number;
}

function collect(stream: ClientHttp2Stream, reads = true): Answer {
  const answer: Answer = {
    status: 0,
    bytes: 0,
    headers: {},
    interim: [],
    trailers: null,
    ended: false,
    closed: false,
    code: -1,
  };
  stream.on('error', () => {});
  stream.on('headers', (headers) => answer.interim.push(Number(headers[':status'])));
  stream.on('response', (headers) => {
    answer.status = Number(headers[':status']);
    answer.headers = headers;
  });
  stream.on('trailers', (headers) => {
    answer.trailers = headers;
  });
  if (reads) stream.on('data', (piece: Buffer) => (answer.bytes += piece.length));
  stream.on('end', () => {
    answer.ended = true;
  });
  stream.on('close', () => {
    answer.closed = true;
    answer.code = stream.rstCode;
  });
  return answer;
}

const get = (client: ClientHttp2Session, path: string): Answer => {
  const stream = client.request({ ':path': path });
  const answer = collect(stream);
  stream.end();
  return answer;
};

peerTest('10,000 requests on one connection', async (t, { world, app, client, connections }) => {
  let started = 0;
  let done = 0;
  let bytes = 0;
  const next = (): void => {
    if (started === 10_000) return;
    started++;
    const stream = client.request({ ':path': '/small', 'user-agent': 'test' });
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    stream.on('end', () => {
      done++;
      next();
    });
    stream.end();
  };
  for (let i = 0; i < 100; i++) next();
  await turnUntil(world, () => done === 10_000, 30_000);
  t.equal(app.requests, 10_000);
  t.equal(bytes, 2_000_000);
  t.equal(connections[0]?.session.openStreams, 0);
});

peerTest('bodies, trailers and fields come back as they went', async (t, { world, client }) => {
  const stream = client.request({ ':path': '/echo', ':method': 'POST' }, { waitForTrailers: true });
  const answer = collect(stream);
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc', 'x-other': 'ä' }));
  stream.write('hello ');
  stream.end('world');
  const fields = client.request({ ':path': '/fields', 'x-a': '1', 'x-empty': '', 'x-long': 'v'.repeat(20_000) });
  const second = collect(fields);
  fields.end();
  await turnUntil(world, () => answer.closed && second.closed);
  t.match(answer, { status: 200, bytes: 11, trailers: { 'x-sum': 'abc' }, code: 0 });
  t.match(second, { status: 200, headers: { 'x-a': '1', 'x-empty': '', 'x-long': 'v'.repeat(20_000) }, code: 0 });
});

peerTest('interim answers', async (t, { world, client }) => {
  const answer = get(client, '/interim');
  await turnUntil(world, () => answer.closed);
  t.same(answer.interim, [103]);
  t.equal(answer.status, 200);
});

peerTest('100 MB to a client, and no more than a few chunks are held', async (t, { world, client, connections }) => {
  const answer = get(client, `/pour/${100 * MB}`);
  let held = 0;
  await turnUntil(
    world,
    () => {
      held = Math.max(held, connections[0]?.session.keptBytes ?? 0);
      return answer.closed;
    },
    60_000,
  );
  t.equal(answer.bytes, 100 * MB);
  t.ok(held <= 131_072, `${held} bytes`);
});

peerTest('100 MB from a client and back again', async (t, { world, app, client }) => {
  const stream = client.request({ ':path': '/echo', ':method': 'POST' });
  const answer = collect(stream);
  const piece = Buffer.alloc(MB, 'x');
  let sent = 0;
  const write = (): void => {
    while (sent < 100) {
      sent++;
      if (!stream.write(piece)) return void stream.once('drain', write);
    }
    stream.end();
  };
  write();
  await turnUntil(world, () => answer.closed, 60_000);
  t.equal(app.users[0]?.received, 100 * MB);
  t.equal(answer.bytes, 100 * MB);
});

peerTest('a client that does not read holds no more than its windows', async (t, { world, client, connections }) => {
  const answers: Answer[] = [];
  for (let i = 0; i < 4; i++) {
    const stream = client.request({ ':path': `/pour/${50 * MB}` });
    answers.push(collect(stream, false));
    stream.pause();
    stream.end();
  }
  await turnFor(world, 300);
  const session = connections[0]?.session;
  t.ok((session?.keptBytes ?? 0) <= 4 * 65_536 * 2, `${session?.keptBytes} bytes kept`);
  const small = get(client, '/hang');
  await turnFor(world, 20);
  t.equal(small.closed, false);
});

for (const [title, path, cancel] of [
  ['before the answer', '/hang', 0],
  ['in the middle of the answer', `/pour/${100 * MB}`, MB],
  ['in the middle of the request', '/listen', 0],
] as const) {
  peerTest(`cancelling ${title} ends the stream and nothing else`, async (t, { world, app, client, connections }) => {
    const stream = client.request({ ':path': path, ':method': 'POST' });
    const answer = collect(stream);
    stream.write('x');
    await turnUntil(world, () => app.requests === 1 && answer.bytes >= cancel);
    stream.close(constants.NGHTTP2_CANCEL);
    await turnUntil(world, () => app.users[0]?.reset !== null);
    t.equal(app.users[0]?.reset?.code, 8);
    const after = get(client, '/small');
    await turnUntil(world, () => after.closed);
    t.equal(after.bytes, 200);
    t.equal(connections[0]?.session.openStreams, 0);
  });
}

peerTest('resets of ours arrive with their code, and a cut body is no clean end', async (t, { world, client }) => {
  const refused = get(client, '/refuse');
  const cut = get(client, '/cut');
  await turnUntil(world, () => refused.closed && cut.closed);
  t.equal(refused.code, 7);
  t.match(cut, { status: 200, ended: false, code: 2 });
});

peerTest('500 cancelled requests among others leave nothing behind', async (t, { world, app, client, connections }) => {
  let closed = 0;
  for (let i = 0; i < 450; i++) {
    const stream = client.request({ ':path': i % 2 === 0 ? '/hang' : `/pour/${MB}` });
    stream.on('error', () => {});
    stream.on('close', () => closed++);
    setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), i % 17);
  }
  await turnUntil(world, () => closed === 450, 10_000);
  const after = get(client, '/small');
  await turnUntil(world, () => after.closed);
  t.equal(after.bytes, 200);
  t.ok(app.requests <= 451);
  t.equal(connections[0]?.session.openStreams, 0);
  t.equal(connections[0]?.session.keptBytes, 0);
});

peerTest(
  'padding is taken off',
  async (t, { world, client, app }) => {
    const stream = client.request({ ':path': '/echo', ':method': 'POST' });
    const answer = collect(stream);
    stream.end(Buffer.alloc(300_000, 'p'));
    await turnUntil(world, () => answer.closed, 10_000);
    t.equal(answer.bytes, 300_000);
    t.equal(app.users[0]?.received, 300_000);
  },
  {},
  { paddingStrategy: constants.PADDING_STRATEGY_MAX },
);

peerTest(
  'windows of a few bytes',
  async (t, { world, client }) => {
    const stream = client.request({ ':path': '/echo', ':method': 'POST' });
    const answer = collect(stream);
    stream.end(Buffer.alloc(20_000, 'w'));
    await turnUntil(world, () => answer.closed, 20_000);
    t.equal(answer.bytes, 20_000);
  },
  { streamWindow: 100, connectionWindow: 65_535 },
  { settings: { initialWindowSize: 50 } },
);

peerTest(
  'graceful shutdown: requests under way finish, new ones go elsewhere',
  async (t, { world, app, client, connections }) => {
    const stream = client.request({ ':path': '/echo', ':method': 'POST' });
    const answer = collect(stream);
    stream.write('half');
    await turnUntil(world, () => answer.status === 200);
    let goaways = 0;
    client.on('goaway', () => goaways++);
    let idle = false;
    const [connection] = connections;
    if (connection === undefined) throw new Error('no connection');
    connection.onIdle = () => {
      idle = true;
    };
    connection.session.shutdown();
    await turnUntil(world, () => goaways > 0);
    t.equal(idle, false);
    stream.end('other half');
    await turnUntil(world, () => answer.closed && idle);
    t.equal(answer.bytes, 14);
    t.equal(app.requests, 1);
    t.ok(client.closed, 'node opens nothing more here');
  },
);

peerTest('a connection that breaks tells every stream', async (t, { world, app, client, connections }) => {
  for (let i = 0; i < 5; i++) get(client, '/hang');
  await turnUntil(world, () => app.requests === 5);
  client.destroy();
  await turnUntil(world, () => connections[0]?.isClosed === true);
  t.ok(app.users.every((user) => user.reset !== null));
});

peerTest(
  'a head of 60 KB is taken, one of 66 KB answered 431',
  async (t, { world, client, connections }) => {
    const ask = (fields: number): Answer => {
      const many = Array.from({ length: fields }, (_, i) => [`x-${i}`, 'a'.repeat(6_000)] as const);
      const stream = client.request({ ':path': '/small', ...Object.fromEntries(many) });
      const answer = collect(stream);
      stream.end();
      return answer;
    };
    const answer = ask(10);
    await turnUntil(world, () => answer.closed);
    t.equal(answer.status, 200);
    const refused = ask(11);
    await turnUntil(world, () => refused.closed);
    t.equal(refused.status, 431);
    t.match(connections[0]?.events, [/^refused 431/]);
  },
  {},
  { maxSendHeaderBlockLength: 200_000 },
);
