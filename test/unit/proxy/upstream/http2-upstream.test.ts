import t from 'tap';
import { ask, begin, connectHttp2, ended, serveFrames, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { check } from '../support/http2-rig.ts';

t.test('an idle connection is closed after its time, with GOAWAY, and dialled anew when needed', async (t) => {
  const rig = new ProxyRig({ upstreamIdleMs: 500 });
  const server = await serveHttp2(rig, (stream) => stream.respond({}, { endStream: true }));
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  await ask(session);
  let code = -1;
  server.sessions[0].on('goaway', (c) => {
    code = c;
  });
  await rig.until(() => server.sessions[0].destroyed, 'the end of the idle connection');
  t.equal(code, 0);
  t.equal((await ask(session)).status, 200);
  t.equal(server.sessions.length, 2);
  await check(t, rig);
});

t.test('streams of a connection that the server says goodbye to finish; new ones go over another', async (t) => {
  const rig = new ProxyRig();
  const open: (() => void)[] = [];
  const server = await serveHttp2(rig, (stream) => {
    open.push(() => {
      stream.respond();
      stream.end('ok');
    });
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const first = begin(session);
  await rig.until(() => open.length === 1, 'the request');
  server.sessions[0].close();
  const [endpoint] = [...rig.context.outbound.all()].filter((e) => e.http2 !== null);
  await rig.until(() => endpoint.http2?.connectionCount === 0, 'the GOAWAY');
  const second = begin(session);
  await rig.until(() => open.length === 2, 'the second request');
  for (const finish of open) finish();
  await Promise.all([ended(first), ended(second)]);
  t.same([first.body, second.body], ['ok', 'ok']);
  t.equal(server.sessions.length, 2);
  await rig.until(() => server.sessions[0].destroyed, 'the end of the first connection');
  await check(t, rig);
});

t.test('an endpoint that does not speak HTTP/2 is answered for with what it did', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad\r\n\r\n')));
  rig.service(serviceView([port], { protocol: 'http2' }));
  const answer = await ask(await connectHttp2(rig), { ':method': 'POST' }, 'x');
  t.equal(answer.status, 502);
  t.match(answer.headers['x-towpath-error'], /^UPE/);
  await check(t, rig);
});

t.test('a dial that takes too long is a failed connect', async (t) => {
  const rig = new ProxyRig({ connectTimeoutMs: 100 });
  // TEST-NET-1 (RFC 5737): nobody answers, or there is no route to it.
  const view = serviceView([1]);
  const cluster = view.clusters['shop/orders:80'];
  const endpoints = [{ ...cluster.endpoints[0], ip: '192.0.2.1' }];
  rig.service({ ...view, clusters: { 'shop/orders:80': { ...cluster, endpoints } } });
  const answer = await ask(await connectHttp2(rig));
  t.equal(answer.status, 503);
  t.match(answer.body, /cannot connect to 192\.0\.2\.1:1/);
  await check(t, rig);
});

t.test('a server of bare frames works as well', async (t) => {
  const rig = new ProxyRig();
  const { port } = await serveFrames(rig, (send, id) => send(Buffer.from([0, 0, 1, 1, 5, 0, 0, 0, id, 0x88])));
  rig.service(serviceView([port], { protocol: 'http2' }));
  t.equal((await ask(await connectHttp2(rig))).status, 200);
  await check(t, rig);
});
