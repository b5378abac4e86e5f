/** Requests that are sent again because of what was answered, or because a try took too long. */
import type { ServerHttp2Stream } from 'node:http2';
import t from 'tap';
import { ask, begin, connectHttp2, ended, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { startWatch } from '../../../helpers/stopwatch.ts';
import { CANCEL, check, GRPC, ruledService } from '../support/http2-rig.ts';

/** Answers request number n (from 1) with the n-th status, the last one for ever; bodies are kept. */
function statuses(list: readonly number[], bodies: string[] = [], headers: Record<string, string> = {}) {
  let n = 0;
  return (stream: ServerHttp2Stream): void => {
    const status = list[Math.min(n++, list.length - 1)];
    let body = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('end', () => {
      bodies.push(body);
      stream.respond({ ':status': status, ...headers });
      stream.end(`answer ${status}`);
    });
  };
}

const retries = (rig: ProxyRig, labels: Record<string, string>): number => rig.count('towpath_retries_total', labels);

t.test('a listed status is not passed on while tries are left, whatever the method', async (t) => {
  const rig = new ProxyRig();
  const bodies: string[] = [];
  const server = await serveHttp2(rig, statuses([503, 502, 200], bodies));
  rig.service(ruledService([server.port], { retry: { attempts: 2, codes: [502, 503] } }));
  const answer = await ask(await connectHttp2(rig), { ':method': 'POST' }, 'b'.repeat(20_000));
  t.equal(answer.status, 200);
  t.equal(answer.body, 'answer 200');
  t.same(bodies, ['b'.repeat(20_000), 'b'.repeat(20_000), 'b'.repeat(20_000)]);
  t.equal(rig.count('towpath_requests_total', { code: '200', flags: '' }), 1);
  t.equal(rig.count('towpath_requests_total'), 1);
  t.equal(retries(rig, { reason: 'status', result: 'sent', cluster: 'shop/orders:80' }), 2);
  await check(t, rig);
});

t.test('with the tries used up the last answer is passed on, flag URX', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, statuses([500]));
  rig.service(ruledService([server.port], { retry: { attempts: 2, codes: [500] } }));
  const answer = await ask(await connectHttp2(rig));
  t.equal(answer.status, 500);
  t.equal(answer.body, 'answer 500');
  t.equal(server.requests, 3);
  t.equal(rig.count('towpath_requests_total', { code: '500', flags: 'URX' }), 1);
  t.equal(retries(rig, { result: 'exhausted' }), 1);
  await check(t, rig);
});

t.test('a status that is not listed is passed on at once', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, statuses([500]));
  rig.service(ruledService([server.port], { retry: { attempts: 5, codes: [503] } }));
  t.equal((await ask(await connectHttp2(rig))).status, 500);
  t.equal(server.requests, 1);
  t.equal(rig.count('towpath_requests_total', { code: '500', flags: '' }), 1);
  await check(t, rig);
});

t.test('another endpoint comes first', async (t) => {
  const rig = new ProxyRig();
  const bad = await serveHttp2(rig, statuses([503]));
  const good = await serveHttp2(rig, statuses([200]));
  rig.service(ruledService([bad.port, good.port], { retry: { attempts: 1, codes: [503] } }));
  const session = await connectHttp2(rig);
  for (let i = 0; i < 8; i++) t.equal((await ask(session)).status, 200);
  t.equal(bad.requests, 4);
  t.equal(good.requests, 8);
  await check(t, rig);
});

t.test('a body too large to be kept is sent once', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, statuses([503]));
  rig.service(ruledService([server.port], { retry: { attempts: 3, codes: [503] } }));
  const answer = await ask(await connectHttp2(rig), { ':method': 'PUT' }, 'x'.repeat(300_000));
  t.equal(answer.status, 503);
  t.equal(server.requests, 1);
  await check(t, rig);
});

t.test('gRPC: the status of an answer of trailers alone; push-back is obeyed', async (t) => {
  const rig = new ProxyRig();
  const trailers: Record<string, string>[] = [
    { 'grpc-status': '14' },
    { 'grpc-status': '14', 'grpc-retry-pushback-ms': '1' },
    { 'grpc-status': '0' },
    { 'grpc-status': '14', 'grpc-retry-pushback-ms': '-1' },
    { 'grpc-status': '13' },
  ];
  const server = await serveHttp2(rig, (stream) => {
    stream.resume();
    stream.respond({ 'content-type': 'application/grpc', ...trailers[server.requests - 1] }, { endStream: true });
  });
  const retry = { attempts: 4, codes: [], grpcCodes: [14], backoffMs: 1 };
  rig.service(ruledService([server.port], { retry }, {}, 'grpc'));
  const session = await connectHttp2(rig);
  t.equal((await ask(session, GRPC, 'x')).headers['grpc-status'], '0');
  t.equal(server.requests, 3);
  t.equal((await ask(session, GRPC, 'x')).headers['grpc-status'], '14');
  t.equal(server.requests, 4, 'a negative push-back means never');
  t.equal((await ask(session, GRPC, 'x')).headers['grpc-status'], '13');
  t.equal(server.requests, 5);
  await check(t, rig);
});

t.test('pauses are those of the rule, or of the endpoint', async (t) => {
  const rig = new ProxyRig();
  const at: number[] = [];
  const server = await serveHttp2(rig, (stream) => {
    at.push(performance.now());
    const status = at.length % 2 === 1 ? 503 : 200;
    stream.respond({ ':status': status, ...(at.length === 3 ? { 'retry-after': '1' } : {}) }, { endStream: true });
  });
  rig.service(ruledService([server.port], { retry: { attempts: 1, codes: [503], backoffMs: 60 } }));
  const session = await connectHttp2(rig);
  t.equal((await ask(session)).status, 200);
  t.equal((await ask(session)).status, 200);
  t.ok(at[1] - at[0] >= 58, `${at[1] - at[0]} ms`);
  t.ok(at[3] - at[2] >= 998, `${at[3] - at[2]} ms`);
  await check(t, rig);
});

t.test('a pause that does not fit into the time left is not begun', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, statuses([503]));
  const retry = { attempts: 5, codes: [503], backoffMs: 60_000 };
  rig.service(ruledService([server.port], { retry, requestTimeoutMs: 5_000 }));
  const watch = startWatch();
  t.equal((await ask(await connectHttp2(rig))).status, 503);
  t.ok(watch.quietMs() < 4_000);
  t.equal(rig.count('towpath_requests_total', { flags: 'URX' }), 1);
  await check(t, rig);
});

t.test('the budget: beyond it the client gets 503, flag UO', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, statuses([500]));
  const retryBudget = { percent: 0, intervalMs: 10_000, minCount: 2, minIntervalMs: 60_000 };
  rig.service(ruledService([server.port], { retry: { attempts: 1, codes: [500], backoffMs: 1 } }, { retryBudget }));
  const session = await connectHttp2(rig);
  const answers = [await ask(session), await ask(session), await ask(session)];
  t.same(
    answers.map(({ status }) => status),
    [500, 500, 503],
  );
  t.equal(answers[2].body, 'the retry budget of shop/orders:80 is used up\n');
  t.equal(server.requests, 5);
  t.equal(rig.count('towpath_requests_total', { code: '503', flags: 'UO' }), 1);
  t.equal(rig.count('towpath_retry_budget_exhausted_total', { cluster: 'shop/orders:80' }), 1);
  await check(t, rig);
});

t.test('parallel retries have a limit', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, statuses([500]));
  const retry = { attempts: 1, codes: [500], backoffMs: 200 };
  rig.service(ruledService([server.port], { retry }, { circuitBreaker: { maxParallelRetries: 1 } }));
  const session = await connectHttp2(rig);
  const answers = await Promise.all([ask(session), ask(session), ask(session)]);
  t.same(answers.map(({ status }) => status).toSorted(), [500, 503, 503]);
  t.equal(rig.count('towpath_circuit_breaker_overflows_total', { limit: 'retries' }), 2);
  t.equal((await ask(session)).status, 500, 'places are given back');
  t.equal(server.requests, 6);
  await check(t, rig);
});

t.test('one try that takes too long: a GET goes elsewhere, a POST that may have arrived does not', async (t) => {
  const rig = new ProxyRig();
  const codes: number[] = [];
  const slow = await serveHttp2(rig, (stream) => {
    stream.resume();
    stream.on('close', () => codes.push(stream.rstCode ?? -1));
  });
  const good = await serveHttp2(rig, statuses([200]));
  const retry = { attempts: 1, codes: [] };
  rig.service(ruledService([slow.port, good.port], { retry, perTryTimeoutMs: 80 }));
  const session = await connectHttp2(rig);
  const gets = await Promise.all(Array.from({ length: 6 }, () => ask(session)));
  t.ok(gets.every(({ status }) => status === 200));
  t.equal(slow.requests, 3);
  const posts = await Promise.all(Array.from({ length: 6 }, () => ask(session, { ':method': 'POST' }, 'x')));
  t.same(posts.map(({ status }) => status).toSorted(), [200, 200, 200, 504, 504, 504]);
  t.equal(slow.requests + good.requests, 9 + 6, 'no POST came twice');
  await rig.until(() => codes.length === 6, 'the slow ones were given up');
  t.ok(codes.every((code) => code === CANCEL));
  t.equal(rig.count('towpath_requests_total', { code: '504', flags: 'UT' }), 3);
  await check(t, rig);
});

t.test('a POST with an Idempotency-Key is repeated', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream) => {
    if (server.requests % 2 === 1) return stream.session?.destroy();
    stream.respond({ ':status': 200 }, { endStream: true });
  });
  rig.service(ruledService([server.port], { retry: { attempts: 1, codes: [] } }));
  const session = await connectHttp2(rig);
  t.equal((await ask(session, { ':method': 'POST', 'idempotency-key': 'k1' }, 'x')).status, 200);
  t.equal((await ask(session, { ':method': 'POST' }, 'x')).status, 503);
  t.equal(server.requests, 3);
  await check(t, rig);
});

t.test('tries that are all too slow: 504; and what follows an interim answer is not repeated', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream, headers) => {
    if (headers[':path'] === '/hints') stream.additionalHeaders({ ':status': 103, link: '</a>' });
  });
  rig.service(ruledService([server.port], { retry: { attempts: 2, codes: [], backoffMs: 1 }, perTryTimeoutMs: 30 }));
  const session = await connectHttp2(rig);
  const answer = await ask(session);
  t.equal(answer.status, 504);
  t.match(answer.body, /no complete answer within the 30 ms of one try \(attempt 3\)/);
  t.equal(server.requests, 3);
  t.equal((await ask(session, { ':path': '/hints' })).status, 504);
  t.equal(server.requests, 4);
  await check(t, rig);
});

t.test('the time for a try covers the whole answer, the time of the route all tries and pauses', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream, headers) => {
    if (headers[':path'] === '/half') {
      stream.respond({ ':status': 200 });
      stream.write('half');
    } else stream.respond({ ':status': 503 }, { endStream: true });
  });
  const retry = { attempts: 50, codes: [503], backoffMs: 40 };
  rig.service(ruledService([server.port], { retry, perTryTimeoutMs: 60, requestTimeoutMs: 300 }));
  const session = await connectHttp2(rig);
  const half = await ask(session, { ':path': '/half' });
  t.equal(half.body, 'half');
  t.not(half.code, 0, 'cut');
  const watch = startWatch();
  const answer = await ask(session);
  t.ok([503, 504].includes(answer.status));
  t.ok(watch.quietMs() < 3_000);
  t.ok(server.requests < 20);
  await check(t, rig);
});

t.test('a client that goes away in a pause leaves nothing behind; a body may grow meanwhile', async (t) => {
  const rig = new ProxyRig();
  const bodies: string[] = [];
  let n = 0;
  const server = await serveHttp2(rig, (stream) => {
    if (++n !== 2) return stream.respond({ ':status': 503 }, { endStream: true });
    let body = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('end', () => {
      bodies.push(body);
      stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
  rig.service(ruledService([server.port], { retry: { attempts: 3, codes: [503], backoffMs: 120 } }));
  const session = await connectHttp2(rig);
  const growing = begin(session, { ':method': 'POST' }, false);
  growing.stream.write('first,');
  await rig.until(() => n === 1, 'the first try');
  growing.stream.write('in the pause,');
  await rig.until(() => n === 2, 'the second try');
  growing.stream.end('afterwards');
  await ended(growing);
  t.equal(growing.status, 200);
  t.same(bodies, ['first,in the pause,afterwards']);
  const leaving = begin(session);
  await rig.until(() => n === 3, 'its first try');
  leaving.stream.close(CANCEL);
  await ended(leaving);
  await rig.until(() => rig.count('towpath_requests_total', { flags: 'DC' }) === 1, 'its end');
  await new Promise((resolve) => setTimeout(resolve, 250));
  t.equal(server.requests, 3);
  await check(t, rig);
});
