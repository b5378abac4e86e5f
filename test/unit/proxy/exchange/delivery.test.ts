import t from 'tap';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { address, ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { check, closedPort, GRPC, REFUSED_STREAM } from '../support/http2-rig.ts';

t.test('a refused stream is sent again elsewhere, with its body and whatever its method', async (t) => {
  const rig = new ProxyRig();
  const refusing = await serveHttp2(rig, (stream) => stream.close(REFUSED_STREAM));
  const bodies: string[] = [];
  const good = await serveHttp2(rig, (stream) => {
    let body = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('end', () => {
      bodies.push(body);
      stream.respond();
      stream.end('ok');
    });
  });
  rig.service(serviceView([refusing.port, good.port]));
  const session = await connectHttp2(rig);
  const body = 'b'.repeat(20_000);
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(session, { ':method': 'POST' }, body)));
  t.ok(answers.every((a) => a.status === 200 && a.body === 'ok'));
  t.equal(refusing.requests, 4);
  t.equal(bodies.length, 8);
  t.ok(bodies.every((b) => b === body));
  await check(t, rig);
});

t.test('a stream refused everywhere keeps its meaning: REFUSED_STREAM for the client', async (t) => {
  const rig = new ProxyRig();
  const refusing = await serveHttp2(rig, (stream) => stream.close(REFUSED_STREAM));
  rig.service(serviceView([refusing.port]));
  const answer = await ask(await connectHttp2(rig), { ':method': 'POST' }, 'x');
  t.equal(answer.status, 0);
  t.equal(answer.code, REFUSED_STREAM);
  t.equal(refusing.requests, 3, 'three tries');
  t.equal(rig.count('towpath_requests_total', { code: '0', flags: 'UR' }), 1);
  await check(t, rig);
});

t.test('requests cross a GOAWAY unharmed: those it leaves out are sent again over a new connection', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream) => {
    const { session } = stream;
    stream.respond();
    stream.end('ok');
    // Every connection carries one request; those behind it are above its last stream.
    if (session !== undefined && !session.closed) {
      session.goaway(0, stream.id);
      session.close();
    }
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const answers = [];
  for (let i = 0; i < 20; i++) answers.push(await ask(session, { ':method': 'POST' }, 'x'));
  t.ok(answers.every(({ body }) => body === 'ok'));
  t.equal(server.requests, 20);
  t.ok(server.sessions.length >= 20);
  await check(t, rig);
});

t.test('an idempotent request whose connection dies is sent again, another one is answered 503', async (t) => {
  const rig = new ProxyRig();
  const dying = [1, 2, 4];
  const server = await serveHttp2(rig, (stream) => {
    if (dying.includes(server.requests)) return stream.session?.destroy();
    stream.respond();
    stream.end('ok');
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const post = await ask(session, { ':method': 'POST' }, 'x');
  t.equal(post.status, 503);
  t.match(post.body, /the endpoint closed the connection before it answered|reset by the peer/);
  t.equal(server.requests, 1);
  const get = await ask(session);
  t.equal(get.body, 'ok');
  t.equal(server.requests, 3);
  const grpc = await ask(session, GRPC, 'x');
  t.equal(grpc.headers['grpc-status'], '14');
  t.equal(rig.count('towpath_requests_total', { flags: 'UC' }), 2);
  await check(t, rig);
});

t.test('an endpoint that nobody listens on is passed over; with no other the answer says so', async (t) => {
  const rig = new ProxyRig();
  const dead = await closedPort();
  const server = await serveHttp2(rig, (stream) => {
    stream.respond();
    stream.end('ok');
  });
  rig.service(serviceView([dead, server.port], { protocol: 'http2' }));
  const session = await connectHttp2(rig);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(session, { ':method': 'POST' }, 'x')));
  t.ok(answers.every(({ body }) => body === 'ok'));
  rig.service({ ...serviceView([dead]), version: { epoch: 1, gen: 2, hash: 'y' } });
  const plain = await ask(session);
  t.equal(plain.status, 503);
  t.match(plain.body, /cannot connect to 127\.0\.0\.1:\d+ \(attempt 1\): connection refused/);
  t.equal(plain.headers['x-towpath-error']?.slice(0, 2), 'UF');
  await check(t, rig);
});

t.test('where nobody listens at an original destination, the connection is reset as it would be', async (t) => {
  const rig = new ProxyRig();
  rig.destination = address('127.0.0.1', await closedPort());
  const session = await connectHttp2(rig);
  const answer = await ask(session);
  t.equal(answer.status, 0);
  await rig.until(() => session.destroyed, 'the reset');
  t.equal(rig.closed[0].ending, 'unreachable');
  await check(t, rig);
});
