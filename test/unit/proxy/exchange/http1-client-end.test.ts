import t from 'tap';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { address, ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { check } from '../support/http2-rig.ts';

t.test('a request of HTTP/1.1 becomes a stream, and the answer gets the framing of HTTP/1.1', async (t) => {
  const rig = new ProxyRig();
  const seen: Record<string, unknown>[] = [];
  const server = await serveHttp2(rig, (stream, headers) => {
    seen.push({ ...headers });
    stream.respond({ ':status': 200, 'content-length': 2, 'x-a': 'b' });
    stream.end('ok');
  });
  rig.service(serviceView([server.port], { protocol: 'http2' }));
  const client = await rig.client();
  client.send(
    'GET /a?b HTTP/1.1\r\nHost: Orders\r\nX-Odd:  two \r\nConnection: x-hop, te\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n\r\n',
  );
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  t.match(client.text, /^HTTP\/1\.1 200 OK\r\n/);
  t.match(client.text, /\r\nx-a: b\r\n/);
  t.match(client.text, /\r\ncontent-length: 2\r\n/);
  t.notMatch(client.text, /transfer-encoding|connection/);
  t.match(seen[0], {
    ':method': 'GET',
    ':path': '/a?b',
    ':authority': 'Orders',
    ':scheme': 'http',
    'x-odd': 'two',
    te: 'trailers',
  });
  for (const gone of ['host', 'connection', 'x-hop', 'keep-alive']) t.equal(seen[0][gone], undefined, gone);
  client.clear();
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.text.match(/ok/g)?.length === 2, 'pipelined requests');
  t.equal(rig.count('towpath_requests_total', { protocol: 'http1', code: '200' }), 3);
  t.equal(server.sessions.length, 1);
  await check(t, rig);
});

t.test('bodies and trailers pass out of and into chunks', async (t) => {
  const rig = new ProxyRig();
  const got: unknown[] = [];
  const server = await serveHttp2(rig, (stream, headers) => {
    let body = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('trailers', (trailers) => got.push({ ...trailers }));
    stream.on('end', () => {
      got.push([body, headers['content-length'], headers['transfer-encoding']]);
      stream.respond({}, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
      stream.end('answer');
    });
  });
  rig.service(serviceView([server.port], { protocol: 'grpc' }));
  const client = await rig.client();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel');
  client.send('lo');
  await rig.until(() => client.text.endsWith('\r\n\r\n') && client.text.includes('x-sum'), 'the first answer');
  t.match(client.text, /\r\ntransfer-encoding: chunked\r\n\r\n6\r\nanswer\r\n0\r\nx-sum: 42\r\n\r\n$/);
  client.clear();
  client.send(
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nhel\r\n2\r\nlo\r\n0\r\nX-Check: 1\r\nHost: y\r\n\r\n',
  );
  await rig.until(() => client.text.includes('x-sum'), 'the second answer');
  t.match(got, [['hello', '5', undefined], { 'x-check': '1' }, ['hello', undefined, undefined]]);
  t.notOk(Object.hasOwn(got[1] as object, 'host'));
  await check(t, rig);
});

t.test('interim answers, HEAD, 204, HTTP/1.0 and Expect work through the conversion', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream, headers) => {
    if (headers[':path'] === '/204') return stream.respond({ ':status': 204 }, { endStream: true });
    if (headers[':method'] === 'HEAD') return stream.respond({ 'content-length': 77 }, { endStream: true });
    if (headers[':path'] === '/hint') stream.additionalHeaders({ ':status': 103, link: 'a' });
    if (headers.expect === '100-continue') stream.additionalHeaders({ ':status': 100 });
    stream.resume();
    stream.on('end', () => {
      stream.respond();
      stream.end('body');
    });
  });
  rig.service(serviceView([server.port], { protocol: 'http2' }));
  const client = await rig.client();
  const answer = async (request: string, end: string): Promise<string> => {
    client.clear();
    client.send(request);
    await rig.until(() => client.text.endsWith(end), request);
    return client.text.replace(/date:.*\r\n/, '');
  };
  t.equal(await answer('GET /204 HTTP/1.1\r\nHost: x\r\n\r\n', '\r\n\r\n'), 'HTTP/1.1 204 No Content\r\n\r\n');
  t.match(
    await answer('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n', '\r\n\r\n'),
    /^HTTP\/1\.1 200 OK\r\ncontent-length: 77\r\n\r\n$/,
  );
  t.match(
    await answer('GET /hint HTTP/1.1\r\nHost: x\r\n\r\n', '0\r\n\r\n'),
    /^HTTP\/1\.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP\/1\.1 200 OK/,
  );
  await answer(
    'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n',
    '100 Continue\r\n\r\n',
  );
  t.match(await answer('abc', '0\r\n\r\n'), /^HTTP\/1\.1 200 OK/);
  client.clear();
  client.send('GET / HTTP/1.0\r\n\r\n');
  await rig.until(() => client.ended, 'the end of the connection');
  t.match(client.text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close\r\n\r\nbody$/);
  await check(t, rig);
});

t.test('a reset stream cuts the answer of HTTP/1.1, and before the answer it is 503', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream, headers) => {
    if (headers[':path'] === '/early') return stream.close(8);
    stream.respond();
    stream.write('part');
    setTimeout(() => stream.session?.destroy(), 20);
  });
  rig.service(serviceView([server.port], { protocol: 'http2' }));
  const client = await rig.client();
  client.send('GET /early HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.text.includes('CANCEL'), 'the answer');
  t.match(client.text, /^HTTP\/1\.1 503 [\s\S]*x-towpath-error: UR; [\s\S]*reset the request with CANCEL\n$/);
  client.clear();
  client.send('GET /late HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.error !== null, 'the reset');
  t.notMatch(client.text, /0\r\n\r\n$/);
  await check(t, rig);
});

t.test('a client of HTTP/1.1 that leaves cancels its stream; an upgrade is refused with a sentence', async (t) => {
  const rig = new ProxyRig();
  const codes: unknown[] = [];
  const server = await serveHttp2(rig, (stream) => stream.on('close', () => codes.push(stream.rstCode)));
  rig.service(serviceView([server.port], { protocol: 'http2' }));
  const leaving = await rig.client();
  leaving.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => server.requests === 1, 'the request');
  leaving.socket.resetAndDestroy();
  await rig.until(() => codes.length === 1, 'the cancel');
  t.same(codes, [8]);
  const client = await rig.client();
  client.send('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await rig.until(() => client.text.includes('501'), 'the refusal');
  t.match(client.text, /an upgrade of the protocol is not converted/);
  await check(t, rig);
});

t.test('a request to an original destination is never converted', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream) => stream.respond({}, { endStream: true }));
  rig.destination = address('127.0.0.1', server.port);
  t.equal((await ask(await connectHttp2(rig))).status, 200);
  await check(t, rig);
});
