import t from 'tap';
import { ask, begin, connectHttp2, ended, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { CANCEL, check } from '../support/http2-rig.ts';

t.test('a cancel by the client reaches the server with its code, in every state', async (t) => {
  const rig = new ProxyRig();
  const codes: number[] = [];
  const server = await serveHttp2(rig, (stream, headers) => {
    stream.on('close', () => codes.push(stream.rstCode ?? -1));
    stream.on('aborted', () => {});
    if (headers[':path'] === '/answering') {
      stream.respond();
      stream.write('some');
    }
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const open = begin(session, { ':method': 'POST' }, false);
  const waiting = begin(session);
  const answering = begin(session, { ':path': '/answering' });
  await rig.until(() => server.requests === 3 && answering.body === 'some', 'the requests');
  for (const { stream } of [open, waiting, answering]) stream.close(CANCEL);
  await rig.until(() => codes.length === 3, 'the resets');
  t.same(codes, [CANCEL, CANCEL, CANCEL]);
  t.equal(rig.count('towpath_requests_total', { flags: 'DC' }), 3);
  t.equal(server.sessions.length, 1);
  t.notOk(server.sessions[0].closed, 'the shared connection goes on');
  await check(t, rig);
});

t.test('a client that goes away cancels its streams and nobody else is disturbed', async (t) => {
  const rig = new ProxyRig();
  let aborted = 0;
  const server = await serveHttp2(rig, (stream) => {
    stream.on('close', () => aborted++);
    setTimeout(() => {
      if (stream.destroyed) return;
      stream.respond();
      stream.end('ok');
    }, 100);
  });
  rig.service(serviceView([server.port]));
  const [leaving, staying] = [await connectHttp2(rig), await connectHttp2(rig)];
  for (let i = 0; i < 5; i++) begin(leaving);
  const answer = begin(staying);
  await rig.until(() => server.requests === 6, 'the requests');
  leaving.destroy();
  await rig.until(() => aborted >= 5, 'the cancels');
  await ended(answer);
  t.equal(answer.body, 'ok');
  t.equal(rig.count('towpath_requests_total', { flags: 'DC' }), 5);
  await check(t, rig);
});

t.test('100 answers at once for one client wait for its window, and none is lost', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream) => {
    stream.respond();
    stream.pipe(stream);
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const bodies = Array.from({ length: 100 }, (_, i) => `${i}:`.padEnd(5_000 + ((i * 37) % 5_000), 'x'));
  const answers = await Promise.all(bodies.map((body) => ask(session, { ':method': 'POST' }, body)));
  t.equal(answers.filter(({ body, code }, i) => code === 0 && body === bodies[i]).length, 100);
  t.equal(rig.count('towpath_requests_total', { flags: '' }), 100);
  await check(t, rig);
});

t.test(
  'a client that takes nothing of its answers loses those that no memory is left for, and that is counted as UO',
  async (t) => {
    const rig = new ProxyRig();
    const config = { ...rig.context.exchanges.config, maxKeptBytes: 50_000 };
    Object.assign(rig.context.exchanges, { config });
    const server = await serveHttp2(rig, (stream) => {
      stream.respond();
      stream.end('x'.repeat(20_000));
    });
    rig.service(serviceView([server.port]));
    const session = await connectHttp2(rig, { initialWindowSize: 0 });
    const answers = Array.from({ length: 5 }, () => begin(session));
    await rig.until(() => rig.count('towpath_requests_total', { flags: 'UO' }) === 3, 'the resets');
    await rig.until(() => answers.filter(({ stream }) => stream.closed).length === 3, 'their arrival');
    session.settings({ initialWindowSize: 100_000 });
    await Promise.all(answers.map(ended));
    t.same(answers.map(({ body, code }) => `${body.length} ${code}`).sort(), [
      '0 11',
      '0 11',
      '0 11',
      '20000 0',
      '20000 0',
    ]);
    await check(t, rig);
  },
);
