import t from 'tap';
import { ask, begin, connectHttp2, ended, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { CANCEL, check, GRPC, ruledService } from '../support/http2-rig.ts';

async function serveOk(rig: ProxyRig, seen: string[] = []) {
  return serveHttp2(rig, (stream) => {
    let body = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('end', () => {
      seen.push(body);
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
  });
}

t.test('an abort is answered in the terms of each client, and nothing is sent', async (t) => {
  const rig = new ProxyRig();
  const server = await serveOk(rig);
  rig.service(ruledService([server.port], { fault: { abort: { httpStatus: 418, percentage: 100 } } }));
  const session = await connectHttp2(rig);
  const plain = await ask(session, { ':method': 'POST' }, 'x');
  t.equal(plain.status, 418);
  t.equal(plain.body, 'aborted on purpose, by the fault injection of route shop/r/0\n');
  t.equal(plain.headers['x-towpath-error']?.slice(0, 3), 'FI;');
  const grpc = await ask(session, GRPC, 'x');
  t.match(grpc.headers, { ':status': 200, 'grpc-status': '2' });
  const old = await rig.client();
  old.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await rig.until(() => old.text.includes('\r\n\r\n'), 'the answer over HTTP/1.1');
  t.match(old.text, /^HTTP\/1\.1 418 /);
  t.equal(server.requests, 0);
  t.equal(rig.count('towpath_requests_total', { flags: 'FI' }), 3);
  t.equal(rig.count('towpath_faults_injected_total', { type: 'abort', route: 'shop/r/0' }), 3);
  await check(t, rig);
});

t.test('a gRPC status is what gRPC gets, and its HTTP twin what others do', async (t) => {
  const rig = new ProxyRig();
  const server = await serveOk(rig);
  rig.service(ruledService([server.port], { fault: { abort: { grpcStatus: 8, percentage: 100 } } }));
  const session = await connectHttp2(rig);
  t.match((await ask(session, GRPC, 'x')).headers, { ':status': 200, 'grpc-status': '8' });
  t.equal((await ask(session)).status, 429);
  await check(t, rig);
});

t.test('a delay holds the request, body and all, and it is answered all the same, flag DI', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const server = await serveOk(rig, seen);
  rig.service(ruledService([server.port], { fault: { delay: { ms: 150, percentage: 100 } } }));
  const session = await connectHttp2(rig);
  const from = performance.now();
  const answer = begin(session, { ':method': 'POST' }, false);
  answer.stream.write('a'.repeat(30_000));
  answer.stream.end('b');
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.equal(server.requests, 0);
  await ended(answer);
  t.ok(performance.now() - from >= 148);
  t.equal(answer.body, 'ok');
  t.same(seen, [`${'a'.repeat(30_000)}b`]);
  t.equal(rig.count('towpath_requests_total', { code: '200', flags: 'DI' }), 1);
  await check(t, rig);
});

t.test('delay, then abort; a client that leaves meanwhile leaves nothing behind', async (t) => {
  const rig = new ProxyRig();
  const server = await serveOk(rig);
  const fault = { delay: { ms: 100, percentage: 100 }, abort: { httpStatus: 500, percentage: 100 } };
  rig.service(ruledService([server.port], {}, { fault }));
  const session = await connectHttp2(rig);
  const from = performance.now();
  t.equal((await ask(session)).status, 500);
  t.ok(performance.now() - from >= 98);
  const leaving = begin(session);
  await new Promise((resolve) => setTimeout(resolve, 20));
  leaving.stream.close(CANCEL);
  await ended(leaving);
  await rig.until(() => rig.count('towpath_requests_total', { flags: 'DC' }) === 1, 'its end');
  await new Promise((resolve) => setTimeout(resolve, 150));
  t.equal(server.requests, 0);
  await check(t, rig);
});

t.test("the rule's own faults beat those of the cluster; percentages are drawn for each request", async (t) => {
  const rig = new ProxyRig();
  const server = await serveOk(rig);
  let n = 0;
  Object.assign(rig.context, { random: () => (n++ % 4) / 4 });
  const action = { fault: { abort: { httpStatus: 503, percentage: 50 } } };
  rig.service(ruledService([server.port], action, { fault: { abort: { httpStatus: 500, percentage: 100 } } }));
  const session = await connectHttp2(rig);
  const statuses: number[] = [];
  for (let i = 0; i < 40; i++) statuses.push((await ask(session)).status);
  const aborted = statuses.filter((status) => status === 503).length;
  t.ok(aborted > 0 && aborted < 40 && !statuses.includes(500), `${aborted} of 40`);
  await check(t, rig);
});

t.test('the time of the route covers the delay', async (t) => {
  const rig = new ProxyRig();
  const server = await serveOk(rig);
  const fault = { delay: { ms: 60_000, percentage: 100 } };
  rig.service(ruledService([server.port], { fault, requestTimeoutMs: 100 }));
  const answer = await ask(await connectHttp2(rig));
  t.equal(answer.status, 504);
  t.equal(server.requests, 0);
  await check(t, rig);
});
