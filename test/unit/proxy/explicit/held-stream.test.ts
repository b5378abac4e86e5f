/** The explicit mode where HTTP/2 is spoken on one side or both: each stream names its own service. */
import t, { type Test } from 'tap';
import type { AppProtocol } from '../../../../src/contract/views.ts';
import { ask, begin, connectHttp2, ended, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

/** A service of one port 80, at a virtual IP of its own. */
function declare(rig: ProxyRig, services: Readonly<Record<string, readonly [AppProtocol, number]>>): void {
  const views = Object.entries(services).map(([name, [protocol, port]]) => {
    const { clusters } = serviceView([port]);
    const cluster = { ...clusters['shop/orders:80'], service: `shop/${name}`, protocol };
    return serviceView([], { protocol }, { name, clusters: { 'shop/orders:80': cluster } });
  });
  const { table } = rig.context;
  table.setDirectory(views.map(({ namespace, name }) => ({ namespace, name, virtualIps: [], ports: [80] })));
  for (const view of views) table.setService(view);
}

function explicitRig(limits = {}): ProxyRig {
  const rig = new ProxyRig(limits);
  rig.side = 'explicit';
  return rig;
}

/** An HTTP/1.1 server that answers what it was asked. */
async function serveHttp1(rig: ProxyRig, heard: string[]): Promise<number> {
  const { port } = await rig.serve((socket) => {
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => {
      heard.push(chunk.toString('latin1'));
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none');
    });
  });
  return port;
}

t.test('streams of one connection go to the services that they name, in whatever protocol those speak', async (t) => {
  const rig = explicitRig();
  const heard: string[] = [];
  const server = await serveHttp2(rig, (stream, headers) => {
    stream.respond({
      ':status': 200,
      'x-authority': headers[':authority'],
      'x-secret': headers['proxy-authorization'],
    });
    stream.end('two');
  });
  declare(rig, { old: ['http1', await serveHttp1(rig, heard)], modern: ['http2', server.port] });
  const session = await connectHttp2(rig);
  const one = await ask(session, { ':authority': 'old.shop', ':path': '/a', 'proxy-authorization': 'Basic YQ==' });
  let two = await ask(session, { ':authority': 'modern.shop:80', 'proxy-authorization': 'Basic YQ==' });
  for (let i = 0; i < 3; i++)
    two = await ask(session, { ':authority': 'modern.shop:80', 'proxy-authorization': 'Basic YQ==' });
  const none = await ask(session, { ':authority': 'modren.shop' + '.svc' });
  t.same([one.body, two.body], ['one', 'two']);
  t.match(heard[0], /^GET \/a HTTP\/1\.1\r\nhost: old\.shop\r\n/);
  t.notMatch(heard[0], /proxy-authorization/);
  t.equal(two.headers['x-authority'], 'modern.shop:80');
  t.equal(two.headers['x-secret'], undefined);
  t.equal(none.status, 404);
  t.match(none.body, /did you mean modern\.shop\?/);
  const own = await ask(session, { ':authority': '127.0.0.1:15080' });
  t.equal(own.status, 400);
  t.match(own.body, /this proxy itself/);
  t.equal(rig.count('towpath_verdicts_total', { verdict: 'http2', reason: 'explicit' }), 1);
  t.equal(rig.count('towpath_requests_total', { protocol: 'http2', service: 'shop/old', code: '200' }), 1);
  t.equal(rig.count('towpath_requests_total', { protocol: 'http2', service: 'shop/modern', code: '200' }), 4);
  await check(t, rig);
});

t.test('an unreachable destination is a 503 for its stream; the others go on', async (t) => {
  const rig = explicitRig();
  const server = await serveHttp2(rig, (stream) => stream.respond({ ':status': 204 }, { endStream: true }));
  const session = await connectHttp2(rig);
  const refused = await ask(session, { ':authority': '127.0.0.1:1' });
  t.equal(refused.status, 503);
  t.match(refused.body, /cannot connect to 127\.0\.0\.1:1/);
  t.equal((await ask(session, { ':authority': `127.0.0.1:${server.port}` })).status, 204);
  await check(t, rig);
});

t.test('a stream waits for the view of its service, with its body and trailers, while others are served', async (t) => {
  const rig = explicitRig();
  const server = await serveHttp2(rig, (stream, headers) => {
    let body = '';
    let trailers = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('trailers', (fields) => {
      trailers = String(fields['x-sum']);
    });
    stream.on('end', () => {
      stream.respond();
      stream.end(`${headers[':path']} ${body.length} ${trailers}`);
    });
  });
  declare(rig, { modern: ['http2', server.port], other: ['http2', server.port] });
  const view = rig.context.table.view('shop/modern');
  rig.context.table.removeService('shop/modern');
  const session = await connectHttp2(rig);
  const upload = begin(session, { ':authority': 'modern.shop', ':method': 'POST', ':path': '/up' }, false);
  upload.stream.write('x'.repeat(100_000));
  const withTrailers = session.request(
    { ':authority': 'modern.shop', ':method': 'POST', ':path': '/trailers' },
    { waitForTrailers: true },
  );
  withTrailers.on('wantTrailers', () => withTrailers.sendTrailers({ 'x-sum': '7' }));
  let text = '';
  withTrailers.on('data', (chunk) => {
    text += chunk;
  });
  withTrailers.end('abc');
  const cancelled = begin(session, { ':authority': 'modern.shop', ':path': '/cancelled' });
  await rig.until(() => rig.needed.length === 1, 'the demand');
  t.equal((await ask(session, { ':authority': 'other.shop', ':path': '/other' })).body, '/other 0 ');
  cancelled.stream.close(8);
  await ended(cancelled);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(server.requests, 1);
  if (view !== null) rig.context.table.setService(view);
  rig.waiters.settle('shop/modern', true);
  upload.stream.end('y'.repeat(1_000));
  await ended(upload);
  t.equal(upload.body, '/up 101000 ');
  await rig.until(() => text !== '', 'the answer to the request with trailers');
  t.equal(text, '/trailers 3 7');
  t.equal(server.requests, 3, 'what was cancelled went nowhere');
  await check(t, rig);
});

t.test('a view that does not come is a 503, to gRPC UNAVAILABLE', async (t) => {
  const rig = explicitRig({ viewTimeoutMs: 100 });
  declare(rig, { modern: ['grpc', 1] });
  rig.context.table.removeService('shop/modern');
  const session = await connectHttp2(rig);
  const plain = await ask(session, { ':authority': 'modern.shop', ':method': 'POST' }, 'body');
  t.equal(plain.status, 503);
  t.match(plain.body, /no view of the service shop\/modern arrived/);
  const grpc = await ask(
    session,
    { ':authority': 'modern.shop', ':method': 'POST', 'content-type': 'application/grpc' },
    'body',
  );
  t.equal(grpc.status, 200);
  t.equal(grpc.headers['grpc-status'], '14');
  await check(t, rig);
});

t.test('a plain HTTP/1.1 client calls a service that speaks HTTP/2, in absolute form too', async (t) => {
  const rig = explicitRig();
  const seen: string[] = [];
  const server = await serveHttp2(rig, (stream, headers) => {
    seen.push(`${headers[':method']} ${headers[':scheme']} ${headers[':authority']} ${headers[':path']}`);
    stream.respond({ ':status': 200, 'content-length': 3 });
    stream.end('two');
  });
  declare(rig, { modern: ['http2', server.port] });
  const client = await rig.client();
  for (const [line, host] of [
    ['GET /a?b', 'modern'],
    ['GET http://modern.shop/a?b', 'x'],
    ['GET http://modern.shop', 'x'],
    ['OPTIONS http://modern.shop', 'x'],
  ]) {
    client.clear();
    client.send(`${line} HTTP/1.1\r\nHost: ${host}\r\nProxy-Connection: keep-alive\r\n\r\n`);
    await rig.until(() => client.text.endsWith('two'), line);
  }
  t.same(seen, [
    'GET http modern /a?b',
    'GET http modern.shop /a?b',
    'GET http modern.shop /',
    'OPTIONS http modern.shop *',
  ]);
  await check(t, rig);
});

t.test('CONNECT over HTTP/2 is answered, not forwarded', async (t) => {
  const rig = explicitRig();
  const session = await connectHttp2(rig);
  const stream = session.request({ ':method': 'CONNECT', ':authority': '127.0.0.1:1' });
  const status = await new Promise((resolve) => stream.once('response', (head) => resolve(head[':status'])));
  t.equal(status, 400);
  await check(t, rig);
});
