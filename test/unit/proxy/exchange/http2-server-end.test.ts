import t from 'tap';
import {
  ask,
  begin,
  connectHttp2,
  END_HEADERS,
  ended,
  FRAME_DATA,
  FRAME_HEADERS,
  FRAME_RST_STREAM,
  frame,
  STATUS_200,
  serveFrames,
  serveHttp2,
  uint32,
} from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { check, GRPC, INTERNAL_ERROR } from '../support/http2-rig.ts';

t.test('a reset by the server reaches the client with its code, before and after the head', async (t) => {
  const rig = new ProxyRig();
  const codes = [2, 8, 11];
  const server = await serveFrames(rig, (send, id) => {
    const code = codes[Math.floor((id - 1) / 4)];
    const reset = frame(FRAME_RST_STREAM, 0, id, uint32(code));
    if (id % 4 === 1) return send(reset);
    send(frame(FRAME_HEADERS, END_HEADERS, id, STATUS_200), frame(FRAME_DATA, 0, id, Buffer.from('part')), reset);
  });
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  for (const code of codes) {
    t.equal((await ask(session)).code, code);
    const late = await ask(session);
    t.equal(late.status, 200);
    t.equal(late.code, code);
  }
  t.equal(rig.count('towpath_requests_total', { flags: 'UR' }), 6);
  await check(t, rig);
});

t.test('a reset with NO_ERROR before the end is no clean end', async (t) => {
  const rig = new ProxyRig();
  const server = await serveFrames(rig, (send, id) =>
    send(
      frame(FRAME_HEADERS, END_HEADERS, id, STATUS_200),
      frame(FRAME_DATA, 0, id, Buffer.from('part')),
      frame(FRAME_RST_STREAM, 0, id, uint32(0)),
    ),
  );
  rig.service(serviceView([server.port]));
  const session = await connectHttp2(rig);
  const answer = begin(session);
  let aborted = false;
  answer.stream.on('aborted', () => {
    aborted = true;
  });
  await ended(answer);
  t.equal(rig.count('towpath_requests_total', { flags: 'UR' }), 1);
  t.ok(aborted || answer.code !== 0, 'the client sees a reset, not an end');
  await check(t, rig);
});

t.test('an early complete answer with NO_ERROR ends the request, and is no failure', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream) => {
    stream.respond({ ':status': 413 });
    stream.end('enough', () => stream.close(0));
  });
  rig.service(serviceView([server.port]));
  const answer = begin(await connectHttp2(rig), { ':method': 'POST' }, false);
  answer.stream.write('x'.repeat(1000));
  await ended(answer);
  t.equal(answer.status, 413);
  t.equal(answer.body, 'enough');
  t.equal(answer.code, 0);
  t.equal(rig.count('towpath_requests_total', { code: '413', flags: '' }), 1);
  await check(t, rig);
});

t.test('an endpoint that dies in the middle cuts its answers, and new requests go elsewhere', async (t) => {
  const rig = new ProxyRig();
  const dying = await serveHttp2(rig, (stream) => {
    stream.respond();
    stream.write('part');
  });
  const good = await serveHttp2(rig, (stream) => {
    stream.respond();
    stream.end('ok');
  });
  rig.service(serviceView([dying.port]));
  const session = await connectHttp2(rig);
  const [plain, grpc] = [begin(session), begin(session, GRPC, false)];
  await rig.until(() => plain.body === 'part' && grpc.body === 'part', 'the first bytes');
  rig.service({ ...serviceView([good.port]), version: { epoch: 1, gen: 2, hash: 'y' } });
  for (const s of dying.sessions) s.destroy();
  await Promise.all([ended(plain), ended(grpc)]);
  t.equal(plain.code, INTERNAL_ERROR, 'cut');
  t.equal(grpc.trailers['grpc-status'], '14');
  t.equal((await ask(session)).body, 'ok');
  await check(t, rig);
});
