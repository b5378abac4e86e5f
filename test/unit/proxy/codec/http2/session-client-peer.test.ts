/** The client role against node:http2 as server, over real sockets. */
import {
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { Http2Config } from '../../../../../src/proxy/codec/http2/http2-config.ts';
import { turnFor, turnUntil } from '../../../reactor/support/world.ts';
import { type Fields, GET } from './support/frame-text.ts';
import { makeHead } from './support/make-head.ts';
import { type Connection, createPeerWorld, dial, endWorld, type PeerWorld } from './support/peer-world.ts';
import { PLAIN } from './support/session-rig.ts';
import { Listener, Pourer } from './support/stream-users.ts';

const MB = 1 << 20;

interface Setting {
  readonly world: PeerWorld;
  readonly connection: Connection;
  readonly server: Http2Server;
  readonly sessions: ServerHttp2Session[];
  /** Requests that the server has seen. */
  readonly seen: { count: number };
}

const PATHS: Readonly<Record<string, (stream: ServerHttp2Stream, size: number) => void>> = {
  small: (stream) => {
    stream.respond({ ':status': 200, server: 'node' });
    stream.end('y'.repeat(200));
  },
  echo: (stream) => {
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  },
  interim: (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</style.css>' });
    stream.respond({ ':status': 200, 'x-after': 'yes' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }));
    stream.end('body');
  },
  pour: (stream, size) => {
    stream.respond({ ':status': 200 });
    const piece = Buffer.alloc(MB, 'z');
    let left = size;
    const write = (): void => {
      while (left > 0) {
        const n = Math.min(left, MB);
        left -= n;
        if (!stream.write(piece.subarray(0, n)) && left > 0) return void stream.once('drain', write);
      }
      stream.end();
    };
    write();
  },
  sink: (stream) => {
    let bytes = 0;
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'x-bytes': String(bytes) });
      stream.end();
    });
  },
  hang: () => {},
  refuse: (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
  cut: (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('part');
    setTimeout(() => stream.destroy(new Error('cut')), 20);
  },
  stuck: (stream) => {
    stream.respond({ ':status': 200 });
    stream.pause();
  },
};

function peerTest(
  title: string,
  body: (t: Test, setting: Setting) => Promise<void>,
  config: Partial<Http2Config> = {},
  options: ServerOptions = {},
): void {
  t.test(title, async (t) => {
    const world = createPeerWorld();
    const server = createServer(options);
    const sessions: ServerHttp2Session[] = [];
    const seen = { count: 0 };
    server.on('session', (session) => sessions.push(session));
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      seen.count++;
      stream.on('error', () => {});
      const [, what, size] = String(headers[':path']).split('/');
      PATHS[what ?? '']?.(stream, Number(size ?? 0));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connection = dial(world, (server.address() as AddressInfo).port, config);
    world.atEnd.push(() => {
      for (const session of sessions) session.destroy();
      server.close();
    });
    try {
      await turnUntil(world, () => sessions.length === 1);
      await turnFor(world, 20);
      await body(t, { world, connection, server, sessions, seen });
    } finally {
      const [chunks, thrown] = await endWorld(world, [connection]);
      t.equal(chunks, 0, 'no buffer is left behind');
      t.same(thrown, []);
    }
  });
}

/** Sends a request whose answer `user` hears. */
function ask<U extends Listener>({ world, connection }: Setting, user: U, path: string, end: boolean): U {
  const stream = connection.session.openStream(user);
  if (stream === null) throw new Error('no capacity');
  user.stream = stream;
  const fields: Fields = [[':method', end ? 'GET' : 'POST'], [':scheme', 'http'], [':path', path], ...GET.slice(3)];
  stream.sendHead(makeHead(world.memory, 'request', fields), PLAIN, end);
  return user;
}

const get = (setting: Setting, path: string): Listener => ask(setting, new Listener(setting.world.memory), path, true);

peerTest(
  '10,000 requests on one connection, as many at once as the server allows',
  async (t, setting) => {
    const { world, connection, seen } = setting;
    let started = 0;
    let bytes = 0;
    class Counting extends Listener {
      override onData(at: number, length: number, end: boolean): void {
        super.onData(at, length, end);
        bytes += length;
      }
    }
    let most = 0;
    const fill = (): void => {
      while (started < 10_000 && connection.session.capacity > 0) {
        started++;
        ask(setting, new Counting(world.memory), '/small', true);
      }
      most = Math.max(most, connection.session.openStreams);
    };
    connection.onCapacity = fill;
    fill();
    await turnUntil(world, () => started === 10_000 && connection.session.openStreams === 0, 30_000);
    t.equal(bytes, 2_000_000);
    t.equal(seen.count, 10_000);
    t.equal(most, 64, 'the limit of the server');
  },
  {},
  { settings: { maxConcurrentStreams: 64 } },
);

peerTest('interim answers, bodies and trailers', async (t, setting) => {
  const user = get(setting, '/interim');
  await turnUntil(setting.world, () => user.isOver);
  t.same(user.statuses, [103, 200]);
  t.equal(user.received, 4);
  t.same(user.trailers, [
    ['grpc-status', '0'],
    ['grpc-message', 'fine'],
  ]);
});

peerTest('100 MB from a server', async (t, setting) => {
  const user = get(setting, `/pour/${100 * MB}`);
  await turnUntil(setting.world, () => user.isOver, 60_000);
  t.equal(user.received, 100 * MB);
  t.equal(user.ended, true);
});

peerTest('100 MB to a server', async (t, setting) => {
  const user = ask(setting, new Pourer(setting.world.memory, 100 * MB), '/sink', false);
  user.pour();
  let held = 0;
  const done = (): boolean => {
    held = Math.max(held, setting.connection.session.keptBytes);
    return user.isOver;
  };
  await turnUntil(setting.world, done, 60_000);
  t.ok(user.fields.some(([name, value]) => name === 'x-bytes' && value === String(100 * MB)));
  t.ok(held <= 131_072, `${held} bytes held`);
});

peerTest('eight streams of 5 MB both ways share the connection', async (t, setting) => {
  const users = Array.from({ length: 8 }, () =>
    ask(setting, new Pourer(setting.world.memory, 5 * MB, 10_000), '/echo', false),
  );
  for (const user of users) user.pour();
  await turnUntil(setting.world, () => users.every((user) => user.isOver), 60_000);
  t.same(
    users.map((user) => user.received),
    users.map(() => 5 * MB),
  );
});

peerTest('a server that does not read makes us keep no more than one chunk, and others go on', async (t, setting) => {
  const { world, connection } = setting;
  const stuck = ask(setting, new Pourer(world.memory, 50 * MB), '/stuck', false);
  stuck.pour();
  await turnFor(world, 200);
  t.ok(connection.session.keptBytes <= 65_536, `${connection.session.keptBytes} bytes kept`);
  const other = get(setting, '/small');
  await turnUntil(world, () => other.isOver);
  t.equal(other.received, 200);
  stuck.stream?.reset(8);
  await turnFor(world, 20);
  t.equal(connection.session.keptBytes, 0);
  t.equal(connection.session.openStreams, 0);
});

peerTest('REFUSED_STREAM is safe to send again, a cut answer is not', async (t, setting) => {
  const refused = get(setting, '/refuse');
  const cut = get(setting, '/cut');
  await turnUntil(setting.world, () => refused.isOver && cut.isOver);
  t.match(refused.reset, { code: 7, unprocessed: true });
  t.match(cut.reset, { code: 2, unprocessed: false });
  t.same(cut.statuses, [200]);
  t.equal(cut.ended, false);
});

peerTest('cancelling reaches the server', async (t, setting) => {
  const { world, connection, seen } = setting;
  const users = ['/hang', `/pour/${50 * MB}`, '/sink'].map((path) => get(setting, path));
  await turnUntil(world, () => seen.count === 3);
  let aborted = 0;
  for (const user of users) {
    user.stream?.reset(8);
    aborted++;
  }
  await turnFor(world, 50);
  t.equal(aborted, 3);
  t.equal(connection.session.openStreams, 0);
  const after = get(setting, '/small');
  await turnUntil(world, () => after.isOver);
  t.equal(after.received, 200);
});

peerTest('GOAWAY of the server: streams under way finish, capacity is gone', async (t, setting) => {
  const { world, connection, sessions } = setting;
  const user = ask(setting, new Pourer(world.memory, 5, 5), '/echo', false);
  await turnUntil(world, () => user.statuses.length === 1);
  sessions[0]?.goaway();
  await turnUntil(world, () => connection.events.length > 0);
  t.equal(connection.events[0], 'goaway 0');
  t.equal(connection.session.capacity, 0);
  user.pour();
  await turnUntil(world, () => user.isOver);
  t.equal(user.received, 5);
  t.equal(user.ended, true);
});

peerTest('a server that goes away in the middle tells every stream', async (t, setting) => {
  const { world, connection, sessions, seen } = setting;
  const users = Array.from({ length: 10 }, () => get(setting, '/hang'));
  await turnUntil(world, () => seen.count === 10);
  sessions[0]?.destroy();
  await turnUntil(world, () => connection.isClosed);
  t.ok(users.every((user) => user.reset !== null && !user.ended));
});

peerTest(
  'padding and small windows of the server',
  async (t, setting) => {
    const user = ask(setting, new Pourer(setting.world.memory, 200_000, 7_777), '/echo', false);
    user.pour();
    await turnUntil(setting.world, () => user.isOver, 20_000);
    t.equal(user.received, 200_000);
  },
  {},
  { paddingStrategy: constants.PADDING_STRATEGY_MAX, settings: { initialWindowSize: 1_000, maxFrameSize: 20_000 } },
);
