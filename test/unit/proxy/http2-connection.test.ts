import t, { type Test } from 'tap';
import { drainIdle } from '../../../src/proxy/drain.ts';
import { ask, begin, connectHttp2, ended, serveHttp2 } from '../../helpers/http2-peers.ts';
import { address, ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

t.test('a request is sniffed, forwarded with a request id, answered, and counted as HTTP/2', async (t) => {
  const rig = new ProxyRig();
  const seen: Record<string, unknown>[] = [];
  const server = await serveHttp2(rig, (stream, headers) => {
    seen.push({ ...headers });
    stream.respond({ ':status': 200, 'x-answer': 'yes' });
    stream.end('hello');
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const answer = await ask(session, { ':path': '/a?x=1', 'x-odd': 'two  words', cookie: 'a=1; b=2' });
  t.equal(answer.status, 200);
  t.equal(answer.body, 'hello');
  t.equal(answer.headers['x-answer'], 'yes');
  t.equal(seen[0][':path'], '/a?x=1');
  t.equal(seen[0][':authority'], 'orders');
  t.equal(seen[0][':scheme'], 'http');
  t.equal(seen[0]['x-odd'], 'two  words');
  t.equal(seen[0]['cookie'], 'a=1; b=2');
  t.match(String(seen[0]['x-request-id']), /^[0-9a-f]{24}$/);
  const labels = { side: 'outbound', service: 'shop/orders', protocol: 'http2', code: '200', flags: '' };
  t.equal(rig.count('towpath_requests_total', labels), 1);
  t.equal(rig.count('towpath_verdicts_total', { verdict: 'http2', reason: 'client-bytes' }), 1);
  session.close();
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.closed[0].ending, 'closed');
  t.equal(rig.closed[0].record.verdict, 'http2');
  t.equal(rig.closed[0].record.requests, 1);
  await check(t, rig);
});

t.test('a request to an original destination, and one to a local program, is not edited', async (t) => {
  for (const side of ['outbound', 'inbound'] as const) {
    const rig = new ProxyRig();
    rig.side = side;
    const seen: string[][] = [];
    const server = await serveHttp2(rig, (stream, headers) => {
      seen.push(Object.keys(headers));
      stream.respond({ ':status': 204 }, { endStream: true });
    });
    rig.destination = address('127.0.0.1', server.port);
    const answer = await ask(await connectHttp2(rig), { 'x-b': 'c' });
    t.equal(answer.status, 204);
    t.same(seen[0].sort(), [':authority', ':method', ':path', ':scheme', 'x-b']);
    await check(t, rig);
  }
});

t.test('many streams of one client are answered out of order, over one connection to the endpoint', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream, headers) => {
    stream.respond();
    setTimeout(() => stream.end(headers[':path']), Math.random() * 20);
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const paths = Array.from({ length: 90 }, (_, i) => `/${i}`);
  const answers = await Promise.all(paths.map((path) => ask(session, { ':path': path })));
  t.same(
    answers.map(({ body }) => body),
    paths,
  );
  t.equal(server.sessions.length, 1);
  t.equal(rig.count('towpath_requests_total', { code: '200', protocol: 'http2' }), 90);
  await check(t, rig);
});

t.test('bodies, trailers and interim answers pass both ways', async (t) => {
  const rig = new ProxyRig();
  let got = '';
  let gotTrailers: unknown;
  const server = await serveHttp2(rig, (stream) => {
    stream.on('trailers', (trailers) => {
      gotTrailers = { ...trailers };
    });
    stream.on('data', (chunk) => {
      got += chunk.toString();
    });
    stream.on('end', () => {
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
      stream.end('answer');
    });
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const stream = session.request(
    { ':method': 'POST', ':path': '/', ':authority': 'o' },
    { waitForTrailers: true, endStream: false },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': '7' }));
  const heard: unknown[] = [];
  stream.on('headers', (h) => heard.push(h[':status']));
  stream.on('response', (h) => heard.push(h[':status']));
  stream.on('data', (c) => heard.push(c.toString()));
  stream.on('trailers', (h) => heard.push(h['x-sum']));
  stream.end('question');
  await new Promise((resolve) => stream.on('close', resolve));
  t.equal(got, 'question');
  t.match(gotTrailers, { 'x-check': '7' });
  t.same(heard, [103, 200, 'answer', '42']);
  await check(t, rig);
});

t.test('own answers are statuses with a plain sentence, to gRPC they are gRPC statuses', async (t) => {
  const rig = new ProxyRig();
  rig.service(serviceView([]));
  const session = await connectHttp2(rig);
  const plain = await ask(session);
  t.equal(plain.status, 503);
  t.equal(plain.body, 'shop/orders:80 has no ready endpoint\n');
  t.match(plain.headers['x-towpath-error'], /^UH; connection=/);
  t.equal(plain.headers['content-length'], String(plain.body.length));
  const grpc = await ask(
    session,
    { ':method': 'POST', 'content-type': 'application/grpc+proto', te: 'trailers' },
    'xx',
  );
  t.equal(grpc.status, 200);
  t.equal(grpc.headers['content-type'], 'application/grpc');
  t.equal(grpc.headers['grpc-status'], '14');
  t.equal(grpc.headers['grpc-message'], 'shop/orders:80 has no ready endpoint');
  t.equal(grpc.body, '');
  const head = await ask(session, { ':method': 'HEAD' });
  t.equal(head.status, 503);
  t.equal(rig.count('towpath_requests_total', { protocol: 'http2', code: '503', flags: 'UH', endpoint: '' }), 2);
  t.equal(rig.count('towpath_requests_total', { protocol: 'grpc', grpc_status: '14', flags: 'UH' }), 1);
  await check(t, rig);
});

t.test('gRPC statuses are counted, from trailers and from trailers-only answers', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream, headers) => {
    const status = String(headers[':path']).slice(1);
    if (status === '5')
      return stream.respond({ 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(status === '' ? { other: '1' } : { 'grpc-status': status }));
    stream.end('\0\0\0\0\0');
  });
  rig.service(serviceView([server.port], { protocol: 'grpc' }));
  const session = await connectHttp2(rig);
  const headers = { ':method': 'POST', 'content-type': 'application/grpc' };
  for (const path of ['/0', '/0', '/5', '/13', '/99', '/']) await ask(session, { ...headers, ':path': path }, 'x');
  const count = (grpc_status: string): number =>
    rig.count('towpath_requests_total', { protocol: 'grpc', code: '200', grpc_status });
  t.same(['0', '5', '13', '2', ''].map(count), [2, 1, 1, 1, 1]);
  await check(t, rig);
});

t.test('draining sends GOAWAY, lets streams finish and then closes', async (t) => {
  const rig = new ProxyRig();
  let finish = (): void => {};
  const server = await serveHttp2(rig, (stream) => {
    finish = () => {
      stream.respond();
      stream.end('late');
    };
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const idle = await connectHttp2(rig);
  const goaways: number[] = [];
  session.on('goaway', (code) => goaways.push(code));
  const answer = begin(session);
  await rig.until(() => server.requests === 1, 'the request');
  rig.draining = true;
  drainIdle(rig.context);
  await rig.until(() => goaways.length > 0, 'GOAWAY');
  await rig.until(() => idle.destroyed, 'the end of the idle client');
  t.notOk(session.destroyed);
  finish();
  await ended(answer);
  t.equal(answer.body, 'late');
  await rig.until(() => rig.closed.length === 2, 'both records');
  t.same(
    rig.closed.map(({ ending }) => ending),
    ['drained', 'drained'],
  );
  await check(t, rig);
});

t.test('a client that breaks the protocol hears why in GOAWAY, and is recorded', async (t) => {
  const rig = new ProxyRig();
  rig.service(serviceView([1], { protocol: 'http2' }));
  const client = await rig.client();
  client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x07\0\0\0\0\0');
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.closed[0].ending, 'refused');
  t.equal(rig.closed[0].record.flag, 'DPE');
  await rig.until(() => client.ended, 'the end');
  await check(t, rig);
});
