import t from 'tap';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { startWatch } from '../../../helpers/stopwatch.ts';
import { check, GRPC, REFUSED_STREAM, routed } from '../support/http2-rig.ts';

t.test('the time limit of a route answers 504, or DEADLINE_EXCEEDED to gRPC, and cancels the request', async (t) => {
  const rig = new ProxyRig();
  let cancelled = 0;
  const server = await serveHttp2(rig, (stream, headers) => {
    stream.on('close', () => cancelled++);
    if (headers[':path'] === '/head') stream.respond();
  });
  rig.service(serviceView([server.port], { http: routed(100) }));
  const session = await connectHttp2(rig);
  const plain = await ask(session);
  t.equal(plain.status, 504);
  t.match(plain.body, /no complete answer within 100 ms \(route shop\/r\/0\)/);
  const grpc = await ask(session, GRPC, 'x');
  t.equal(grpc.headers['grpc-status'], '4');
  const cut = await ask(session, { ':path': '/head' });
  t.equal(cut.status, 200);
  t.not(cut.code, 0, 'an answer that has begun is cut');
  const begun = await ask(session, { ...GRPC, ':path': '/head' }, 'x');
  t.equal(begun.trailers['grpc-status'], '4', 'to gRPC it is a status in trailers');
  await rig.until(() => cancelled === 4, 'the cancels');
  t.equal(rig.count('towpath_requests_total', { flags: 'UT' }), 4);
  await check(t, rig);
});

t.test('grpc-timeout is honoured, and forwarded less the time spent', async (t) => {
  const rig = new ProxyRig();
  const seen: unknown[] = [];
  const server = await serveHttp2(rig, (stream, headers) => {
    seen.push(headers['grpc-timeout']);
    if (seen.length === 2) stream.close(REFUSED_STREAM);
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const watch = startWatch();
  const answer = await ask(session, { ...GRPC, 'grpc-timeout': '200m' }, 'x');
  t.equal(answer.headers['grpc-status'], '4');
  t.ok(watch.quietMs() < 1000);
  t.equal(seen[0], '200m', 'nothing was spent: as it came');
  const again = await ask(session, { ...GRPC, 'grpc-timeout': '150000u' }, 'x');
  t.equal(again.headers['grpc-status'], '4');
  t.equal(seen[1], '150000u');
  t.match(String(seen[2]), /^\d+u$/);
  t.ok(Number.parseInt(String(seen[2]), 10) < 150_000, 'after a refusal there is less');
  rig.service({ ...serviceView([server.port], { http: routed(100) }), version: { epoch: 1, gen: 2, hash: 'y' } });
  await ask(session, { ...GRPC, 'grpc-timeout': '1S' }, 'x');
  t.equal(seen[3], '100000u', 'a route that allows less says so');
  await check(t, rig);
});
