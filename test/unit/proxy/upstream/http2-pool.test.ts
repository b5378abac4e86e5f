import t from 'tap';
import type { Http2Stream } from '../../../../src/proxy/codec/http2/http2-stream.ts';
import { http2PoolOf } from '../../../../src/proxy/upstream/http2-pool.ts';
import {
  CLAIMED,
  type StreamClaimant,
  type StreamPool,
  TOO_MANY_WAIT,
  WAITING,
} from '../../../../src/proxy/upstream/stream-pool.ts';
import { ask, begin, connectHttp2, ended, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { CANCEL, check, REFUSED_STREAM } from '../support/http2-rig.ts';

t.test('requests wait for a free stream of the endpoint, and are told when none comes', async (t) => {
  const rig = new ProxyRig({ maxHttp2PerEndpoint: 1, streamWaitMs: 300, maxWaitingPerEndpoint: 6 });
  const open: (() => void)[] = [];
  let most = 0;
  const server = await serveHttp2(
    rig,
    (stream) => {
      most = Math.max(most, open.length + 1);
      let body = '';
      stream.on('data', (chunk) => {
        body += chunk;
      });
      open.push(() => {
        stream.respond();
        stream.end(`${body.length}`);
      });
    },
    { maxConcurrentStreams: 2 },
  );
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const first = begin(session);
  await rig.until(() => open.length === 1, 'the first one, after which the limit is known');
  const body = 'x'.repeat(100_000);
  const others = Array.from({ length: 5 }, () => ask(session, { ':method': 'POST' }, body));
  await rig.until(() => open.length === 2, 'the second');
  for (let i = 0; i < 6; i++) {
    await rig.until(() => open.length > 0, 'one more');
    await new Promise((resolve) => setTimeout(resolve, 20));
    open.shift()?.();
  }
  await ended(first);
  t.equal(first.body, '0');
  for (const answer of await Promise.all(others)) t.equal(answer.body, '100000');
  t.equal(most, 2);
  t.equal(server.sessions.length, 1);
  const crowd = Array.from({ length: 9 }, () => begin(session));
  await rig.until(() => crowd.filter(({ stream }) => stream.closed).length === 7, 'those that cannot be served');
  const told = crowd.filter(({ status }) => status === 503).map(({ body }) => body.replace(/^[\d.:]+ ?/, ''));
  t.equal(told.filter((sentence) => sentence === 'too many requests wait for a free stream\n').length, 1);
  t.equal(told.filter((sentence) => sentence === 'no stream became free within 300 ms\n').length, 6);
  for (const finish of open) finish();
  await check(t, rig);
});

t.test('a new server gets one request until its SETTINGS have said how many it takes', async (t) => {
  const rig = new ProxyRig({ maxHttp2PerEndpoint: 1 });
  let open = 0;
  let most = 0;
  const server = await serveHttp2(
    rig,
    (stream) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        stream.respond({}, { endStream: true });
      }, 5);
    },
    { maxConcurrentStreams: 3 },
  );
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(session, { ':method': 'POST' }, 'x')));
  t.equal(answers.filter(({ status }) => status === 200).length, 40);
  t.equal(most, 3);
  t.equal(server.requests, 40, 'none was refused');
  await check(t, rig);
});

t.test('a server that has said nothing yet gets one request on one connection', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.resume());
  rig.service(serviceView([port], { protocol: 'http2' }));
  const session = await connectHttp2(rig);
  const answers = Array.from({ length: 5 }, () => begin(session));
  const pools = (): (StreamPool | null)[] => [...rig.context.outbound.all()].map(({ http2 }) => http2);
  await rig.until(() => pools().some((pool) => (pool?.openStreams ?? 0) + (pool?.waiting ?? 0) === 5), 'the requests');
  t.match(pools(), [{ connectionCount: 1, openStreams: 1, waiting: 4 }]);
  for (const { stream } of answers) stream.close(CANCEL);
  await Promise.all(answers.map(ended));
  await check(t, rig);
});

t.test('what a server refuses because it is full waits for room, however often', async (t) => {
  const rig = new ProxyRig({ maxHttp2PerEndpoint: 1 });
  let open = 0;
  const server = await serveHttp2(rig, (stream) => {
    // Its SETTINGS allow any number; it takes two.
    if (open === 2) return stream.close(REFUSED_STREAM);
    open++;
    setTimeout(() => {
      open--;
      stream.respond({}, { endStream: true });
    }, 5);
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(session, { ':method': 'POST' }, 'x')));
  t.equal(answers.filter(({ status }) => status === 200).length, 40);
  t.ok(server.requests < 120, `${server.requests} requests came`);
  await check(t, rig);
});

t.test('what is refused and refused waits no longer than any other request', async (t) => {
  const rig = new ProxyRig({ maxHttp2PerEndpoint: 1, streamWaitMs: 300 });
  const server = await serveHttp2(rig, (stream, headers) => {
    if (headers[':path'] !== '/stay') stream.close(REFUSED_STREAM);
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const stay = begin(session, { ':path': '/stay' });
  await rig.until(() => server.requests === 1, 'the one that stays');
  const answer = await ask(session);
  t.equal(answer.status, 503);
  t.match(answer.headers['x-towpath-error'], /^UO/);
  t.match(answer.body, /no stream became free within 300 ms/);
  stay.stream.close(CANCEL);
  await ended(stay);
  await check(t, rig);
});

t.test('a waiting request that is cancelled leaves the queue', async (t) => {
  const rig = new ProxyRig({ maxHttp2PerEndpoint: 1 });
  const server = await serveHttp2(rig, (stream) => stream.respond(), { maxConcurrentStreams: 1 });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const first = begin(session);
  await rig.until(() => first.status === 200, 'the first one');
  const waiting = begin(session, { ':method': 'POST' }, false);
  waiting.stream.write('x'.repeat(10_000));
  const [endpoint] = [...rig.context.outbound.all()].filter((e) => e.http2 !== null);
  await rig.until(() => endpoint.http2?.waiting === 1, 'the queue');
  waiting.stream.close(CANCEL);
  await rig.until(() => endpoint.http2?.waiting === 0, 'the queue to be empty');
  first.stream.close(CANCEL);
  await ended(first);
  await check(t, rig);
});

t.test('a claim is granted, queued or turned away, and can be withdrawn', async (t) => {
  const rig = new ProxyRig({ maxHttp2PerEndpoint: 1, maxWaitingPerEndpoint: 1 });
  const server = await serveHttp2(rig, (stream) => stream.respond(), { maxConcurrentStreams: 2 });
  rig.service(serviceView([server.port]));
  const first = begin(await connectHttp2(rig));
  await rig.until(() => first.status === 200, 'the first stream, after which the limit is known');
  const [endpoint] = [...rig.context.outbound.all()].filter((e) => e.http2 !== null);
  const pool = http2PoolOf(rig.context, endpoint);
  t.equal(pool, endpoint.http2, 'one pool for each endpoint');
  const [granted, queued, late] = [new Claimant(), new Claimant(), new Claimant()];
  t.equal(pool.claim(granted), CLAIMED);
  t.equal(pool.claim(queued), WAITING);
  t.equal(pool.claim(late), TOO_MANY_WAIT);
  t.same([pool.connectionCount, pool.openStreams, pool.waiting], [1, 2, 1]);
  pool.withdraw(queued);
  t.equal(pool.waiting, 0);
  t.equal(pool.claim(late), WAITING);
  granted.stream?.reset(CANCEL);
  await rig.until(() => late.stream !== null, 'the next in the queue');
  t.equal(queued.stream, null);
  late.stream?.reset(CANCEL);
  first.stream.close(CANCEL);
  await ended(first);
  await check(t, rig);
});

class Claimant implements StreamClaimant {
  readonly traffic = null;
  waiting = false;
  waitingSince = 0;
  stream: Http2Stream | null = null;
  onStream(stream: Http2Stream): void {
    this.stream = stream;
  }
  onNoStream(): void {}
  onHead(): void {}
  onData(): void {}
  onTrailers(): void {}
  onReset(): void {}
  onWritable(): void {}
}
