import type { ServerHttp2Stream } from 'node:http2';
import t from 'tap';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { CANCEL, check, ruledService } from '../support/http2-rig.ts';

const HEDGE = { hedgeOnPerTryTimeout: true };

/** Hands every request on, with those before it; notes the reset codes of streams. No order of events hangs on time. */
async function serve(
  rig: ProxyRig,
  onRequest: (streams: readonly ServerHttp2Stream[]) => void,
  codes: number[] = [],
): Promise<{ readonly port: number; requests: number }> {
  const streams: ServerHttp2Stream[] = [];
  return serveHttp2(rig, (stream) => {
    stream.resume();
    stream.on('close', () => codes.push(stream.rstCode ?? 0));
    streams.push(stream);
    onRequest(streams);
  });
}

function answer(stream: ServerHttp2Stream, status: number, text: string): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': status });
  stream.end(text);
}

const hedged = (rig: ProxyRig, result: string): number =>
  rig.count('towpath_hedged_requests_total', { cluster: 'shop/orders:80', result });

t.test('the second request answers first: the first one is given up', async (t) => {
  const rig = new ProxyRig();
  const codes: number[] = [];
  const server = await serve(rig, ([, second]) => second !== undefined && answer(second, 200, 'second'), codes);
  rig.service(ruledService([server.port], { perTryTimeoutMs: 60 }, HEDGE));
  t.equal((await ask(await connectHttp2(rig))).body, 'second');
  t.equal(server.requests, 2);
  t.equal(hedged(rig, 'won'), 1);
  await rig.until(() => codes.includes(CANCEL), 'the end of the first');
  t.equal(rig.count('towpath_requests_total', { code: '200', flags: '' }), 1);
  await check(t, rig);
});

t.test('the first request answers after all', async (t) => {
  const rig = new ProxyRig();
  const codes: number[] = [];
  const server = await serve(rig, ([first, second]) => second !== undefined && answer(first, 200, 'first'), codes);
  rig.service(ruledService([server.port], { perTryTimeoutMs: 60 }, HEDGE));
  t.equal((await ask(await connectHttp2(rig), { ':method': 'PUT' }, 'body')).body, 'first');
  t.equal(server.requests, 2);
  t.equal(hedged(rig, 'lost'), 1);
  await rig.until(() => codes.includes(CANCEL), 'the end of the second');
  await check(t, rig);
});

t.test('an answer that the rule lists does not win', async (t) => {
  const rig = new ProxyRig();
  const server = await serve(rig, ([first, second]) => {
    if (second === undefined) return;
    answer(second, 503, 'bad');
    second.on('close', () => answer(first, 200, 'good'));
  });
  const retry = { attempts: 1, codes: [503], backoffMs: 1 };
  rig.service(ruledService([server.port], { retry, perTryTimeoutMs: 2_000 }, HEDGE));
  t.equal((await ask(await connectHttp2(rig))).body, 'good');
  t.equal(server.requests, 2);
  await check(t, rig);
});

t.test('a POST is never hedged', async (t) => {
  const rig = new ProxyRig();
  const server = await serve(rig, () => {});
  rig.service(ruledService([server.port], { perTryTimeoutMs: 60 }, HEDGE));
  t.equal((await ask(await connectHttp2(rig), { ':method': 'POST' }, 'x')).status, 504);
  t.equal(server.requests, 1);
  await check(t, rig);
});

t.test('nobody answers: 504, both are given up, and nothing is left', async (t) => {
  const rig = new ProxyRig();
  const codes: number[] = [];
  const server = await serve(rig, () => {}, codes);
  rig.service(ruledService([server.port], { perTryTimeoutMs: 50 }, HEDGE));
  t.equal((await ask(await connectHttp2(rig))).status, 504);
  t.equal(server.requests, 2);
  await rig.until(() => codes.length === 2, 'their ends');
  t.same(codes, [CANCEL, CANCEL]);
  await check(t, rig);
});

t.test('without room for a second request the first one still has its time only', async (t) => {
  const rig = new ProxyRig();
  const silent = await rig.serve((socket) => socket.resume());
  const policy = { ...HEDGE, circuitBreaker: { maxConnections: 1 } };
  rig.service(ruledService([silent.port], { perTryTimeoutMs: 50 }, policy, 'http1'));
  const client = await rig.client();
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.text.includes('\r\n\r\n'), 'the time to be up');
  t.match(client.text, /^HTTP\/1\.1 504 /);
  await check(t, rig);
});

const OUTLIER = {
  consecutive5xx: 0,
  consecutiveGatewayErrors: 0,
  consecutiveLocalErrors: 1,
  splitLocalErrors: true,
  intervalMs: 60_000,
  baseEjectionMs: 60_000,
  maxEjectionMs: 60_000,
  maxEjectionPercent: 100,
  alwaysEjectOne: true,
};

for (const winner of [0, 1]) {
  t.test(`try ${winner + 1} wins: that the first one was too slow counts against its endpoint`, async (t) => {
    const rig = new ProxyRig();
    const server = await serve(rig, (streams) => {
      if (streams.length === 2) answer(streams[winner], 200, 'good');
    });
    rig.service(ruledService([server.port], { perTryTimeoutMs: 60 }, { ...HEDGE, outlier: OUTLIER }));
    t.equal((await ask(await connectHttp2(rig))).body, 'good');
    t.match(rig.healthEvents, [{ event: { type: 'ejected', reason: 'consecutive-local-errors' } }]);
    await check(t, rig);
  });
}
