import type { Socket } from 'node:net';
import t from 'tap';
import { ask, begin, connectHttp2, ended } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { check } from '../support/http2-rig.ts';

/** A server of bare HTTP/1.1 that hears each request as text, up to its end as `isWhole` tells it. */
function plain(
  answer: (request: string, socket: Socket, n: number) => string | null,
  isWhole: (text: string) => boolean = (text) => text.endsWith('\r\n\r\n'),
): (socket: Socket) => void {
  let n = 0;
  return (socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!isWhole(text)) return;
      const request = text;
      text = '';
      const reply = answer(request, socket, ++n);
      if (reply !== null) socket.write(reply, 'latin1');
    });
    socket.on('end', () => socket.end());
  };
}

/** Puts `item` on the list and returns `result`. */
function noting<T, R>(list: T[], item: T, result: R): R {
  list.push(item);
  return result;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Case: KePt\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\nok';

t.test('a stream becomes a request of HTTP/1.1, and its answer comes back without hop-by-hop fields', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port, sockets } = await rig.serve(plain((request) => noting(seen, request, OK)));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const session = await connectHttp2(rig);
  const answer = await ask(session, { ':path': '/a?x=1', 'x-b': 'c', cookie: ['a=1', 'b=2'], te: 'trailers' });
  t.equal(answer.status, 200);
  t.equal(answer.body, 'ok');
  t.equal(answer.headers['x-case'], 'KePt');
  t.equal(answer.headers['content-length'], '2');
  t.equal(answer.headers['connection'], undefined);
  t.equal(answer.headers['x-hop'], undefined);
  t.match(
    seen[0],
    /^GET \/a\?x=1 HTTP\/1\.1\r\nhost: orders\r\nx-b: c\r\ncookie: a=1; b=2\r\nx-request-id: [0-9a-f]{24}\r\nte: trailers\r\nconnection: TE\r\n\r\n$/,
  );
  for (let i = 0; i < 5; i++) t.equal((await ask(session)).body, 'ok');
  t.equal(sockets.length, 1, 'the connection is used again');
  t.equal(rig.count('towpath_requests_total', { protocol: 'http2', code: '200' }), 6);
  t.equal(rig.count('towpath_verdicts_total', { verdict: 'http1', reason: 'declared' }), 1);
  session.close();
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.closed[0].record.verdict, 'http2');
  await check(t, rig);
});

t.test('streams side by side need as many connections of HTTP/1.1', async (t) => {
  const rig = new ProxyRig();
  const open: (() => unknown)[] = [];
  const { port, sockets } = await rig.serve(plain((_request, socket) => noting(open, () => socket.write(OK), null)));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const session = await connectHttp2(rig);
  const answers = Array.from({ length: 10 }, () => begin(session));
  await rig.until(() => open.length === 10, 'the requests');
  t.equal(sockets.length, 10);
  for (const finish of open) finish();
  for (const answer of answers) {
    await ended(answer);
    t.equal(answer.body, 'ok');
  }
  await check(t, rig);
});

t.test('bodies get the framing of HTTP/1.1: a length that was given, chunks otherwise, with trailers', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port } = await rig.serve(
    plain(
      (request) => {
        seen.push(request.replace(/x-request-id.*\r\n/, ''));
        return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\nX-Sum: 7\r\nVary: 5\r\n\r\n';
      },
      (text) => /\r\n\r\nhello$|0\r\n(x-.*\r\n)?\r\n$|content-length: 0\r\n\r\n$/.test(text),
    ),
  );
  rig.service(serviceView([port], { protocol: 'http1' }));
  const session = await connectHttp2(rig);
  const sized = await ask(session, { ':method': 'POST', 'content-length': '5' }, 'hello');
  t.equal(sized.body, 'abc');
  t.equal(sized.trailers['x-sum'], '7');
  t.equal(sized.trailers['vary'], undefined);
  t.equal(sized.headers['transfer-encoding'], undefined);
  await ask(session, { ':method': 'PUT' }, 'hello');
  const request = session.request({ ':method': 'POST', ':path': '/', ':authority': 'o' }, { waitForTrailers: true });
  request.on('wantTrailers', () => request.sendTrailers({ 'x-check': '1', authorization: 'no' }));
  request.resume();
  request.end('hello');
  await new Promise((resolve) => request.on('close', resolve));
  await ask(session, { ':method': 'POST' });
  t.same(seen, [
    'POST / HTTP/1.1\r\nhost: orders\r\ncontent-length: 5\r\n\r\nhello',
    'PUT / HTTP/1.1\r\nhost: orders\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: o\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-check: 1\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: orders\r\ncontent-length: 0\r\n\r\n',
  ]);
  await check(t, rig);
});

t.test('HEAD, 204, 304, interim answers and bodies that end with the connection', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve(
    plain((request, socket) => {
      const path = request.split(' ')[1];
      if (path === '/head') return 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n';
      if (path === '/204') return 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n';
      if (path === '/304') return 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n';
      socket.end('HTTP/1.1 200 OK\r\n\r\nall of it');
      return null;
    }),
  );
  rig.service(serviceView([port], { protocol: 'http1' }));
  const session = await connectHttp2(rig);
  const head = await ask(session, { ':method': 'HEAD', ':path': '/head' });
  t.match(head, { status: 200, body: '', headers: { 'content-length': '50' } });
  t.match(await ask(session, { ':path': '/204' }), { status: 204, interim: [103], body: '' });
  t.match(await ask(session, { ':path': '/304' }), { status: 304, headers: { 'content-length': '9' } });
  t.match(await ask(session, { ':path': '/close' }), { status: 200, body: 'all of it', code: 0 });
  await check(t, rig);
});

t.test('a truncated or malformed answer of HTTP/1.1 never looks whole', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve(
    plain((request, socket) => {
      const path = request.split(' ')[1];
      if (path === '/length') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart');
      if (path === '/chunked') socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n');
      if (path === '/bad') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n');
      if (path === '/chunk') socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n');
      if (path === '/none') socket.end();
      return null;
    }),
  );
  rig.service(serviceView([port], { protocol: 'http1' }));
  const session = await connectHttp2(rig);
  for (const path of ['/length', '/chunked', '/chunk']) {
    const answer = await ask(session, { ':path': path });
    t.equal(answer.status, 200, path);
    t.equal(answer.code, 2, path);
  }
  t.equal((await ask(session, { ':path': '/bad' })).status, 502);
  t.equal((await ask(session, { ':method': 'POST', ':path': '/none' })).status, 503);
  await check(t, rig);
});

t.test(
  'an answer that comes before the request is complete is passed on, and the connection is not used again',
  async (t) => {
    const rig = new ProxyRig();
    const { port, sockets } = await rig.serve((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'));
    });
    rig.service(serviceView([port], { protocol: 'http1' }));
    const session = await connectHttp2(rig);
    const answer = begin(session, { ':method': 'POST' }, false);
    answer.stream.write('x');
    await ended(answer);
    t.match(answer, { status: 413, body: 'no', code: 0 });
    await ask(session);
    t.equal(sockets.length, 2);
    await check(t, rig);
  },
);

t.test('a stale pooled connection costs an idempotent stream nothing', async (t) => {
  const rig = new ProxyRig();
  const { port, sockets } = await rig.serve(plain((_request, socket, n) => (n === 2 && socket.destroy() ? null : OK)));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const session = await connectHttp2(rig);
  t.equal((await ask(session)).body, 'ok');
  t.equal((await ask(session)).body, 'ok');
  t.equal(sockets.length, 2);
  await check(t, rig);
});

t.test('what cannot be written in HTTP/1.1 is refused with a sentence', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port } = await rig.serve(plain((request) => noting(seen, request, OK)));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const session = await connectHttp2(rig);
  const bad = await ask(session, { ':authority': 'a@b c' });
  t.equal(bad.status >= 400 || bad.code !== 0, true);
  const connect = await ask(session, {
    ':method': 'CONNECT',
    ':authority': 'a:1',
    ':path': undefined,
    ':scheme': undefined,
  });
  t.equal(connect.status, 501);
  t.match(connect.body, /CONNECT and Upgrade are not converted/);
  t.same(seen, []);
  await check(t, rig);
});
