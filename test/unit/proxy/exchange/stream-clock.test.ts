import t from 'tap';
import { ask, begin, connectHttp2, ended, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { check, ruledService } from '../support/http2-rig.ts';

t.test('an exchange in which nothing moves ends: 504, or 408 while the client owes its request', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream) => {
    stream.resume();
  });
  rig.service(ruledService([server.port], {}, { timeouts: { streamIdleMs: 120 } }));
  const session = await connectHttp2(rig);
  const answer = await ask(session);
  t.equal(answer.status, 504);
  t.match(answer.body, /nothing moved in either direction for 120 ms/);
  const owing = begin(session, { ':method': 'POST' }, false);
  owing.stream.write('x');
  await ended(owing);
  t.equal(owing.status, 408);
  t.equal(rig.count('towpath_requests_total', { flags: 'SI' }), 2);
  await check(t, rig);
});

t.test('one in which something moves goes on; HTTP/1.1 keeps to it as well', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n');
      let left = 10;
      const timer = setInterval(() => {
        if (left-- > 0) socket.write('x');
        else clearInterval(timer);
      }, 60);
    }),
  );
  rig.service(ruledService([port], {}, { timeouts: { streamIdleMs: 400 } }));
  const client = await rig.client();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await rig.until(() => client.text.endsWith('x'.repeat(10)), 'the answer');
  t.equal(rig.count('towpath_requests_total', { code: '200', flags: '' }), 1);
  await check(t, rig);
});

t.test('none may take longer than a stream may, however much moves', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream) => {
    stream.respond({ ':status': 200 });
    const timer = setInterval(() => stream.write('x'), 20);
    stream.on('close', () => clearInterval(timer));
  });
  rig.service(ruledService([server.port], {}, { timeouts: { maxStreamMs: 200, streamIdleMs: 100_000 } }));
  const answer = await ask(await connectHttp2(rig));
  t.equal(answer.status, 200);
  t.not(answer.code, 0, 'cut');
  t.equal(rig.count('towpath_requests_total', { flags: 'UMSDR' }), 1);
  await check(t, rig);
});
