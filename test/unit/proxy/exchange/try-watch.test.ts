import type { ServerHttp2Stream } from 'node:http2';
import t from 'tap';
import type { OutlierView } from '../../../../src/contract/cluster-views.ts';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { check, ruledService } from '../support/http2-rig.ts';
import { balancedView } from '../support/numbered-servers.ts';

const OUTLIER: OutlierView = {
  consecutive5xx: 3,
  consecutiveGatewayErrors: 0,
  consecutiveLocalErrors: 0,
  splitLocalErrors: false,
  intervalMs: 60_000,
  baseEjectionMs: 60_000,
  maxEjectionMs: 60_000,
  maxEjectionPercent: 50,
  alwaysEjectOne: false,
};
const GRPC = { ':method': 'POST', ':path': '/s/m', 'content-type': 'application/grpc', te: 'trailers' };

function endGrpc(stream: ServerHttp2Stream, status: number): void {
  stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }));
  stream.end('x');
}

for (const [what, headers, behave, ejected] of [
  [
    'answers of 5xx',
    { ':path': '/' },
    (s: ServerHttp2Stream) => s.respond({ ':status': 502 }, { endStream: true }),
    true,
  ],
  [
    'answers of 4xx',
    { ':path': '/' },
    (s: ServerHttp2Stream) => s.respond({ ':status': 404 }, { endStream: true }),
    false,
  ],
  ['UNAVAILABLE in trailers', GRPC, (s: ServerHttp2Stream) => endGrpc(s, 14), true],
  ['NOT_FOUND in trailers', GRPC, (s: ServerHttp2Stream) => endGrpc(s, 5), false],
  [
    'INTERNAL in a head that is all',
    GRPC,
    (s: ServerHttp2Stream) =>
      s.respond({ 'content-type': 'application/grpc', 'grpc-status': '13' }, { endStream: true }),
    true,
  ],
  ['streams that are reset', { ':method': 'POST', ':path': '/' }, (s: ServerHttp2Stream) => s.close(2), true],
  ['streams that are refused', { ':method': 'POST', ':path': '/' }, (s: ServerHttp2Stream) => s.close(7), false],
] as const) {
  t.test(`${what}: ${ejected ? 'ejected' : 'no fault'}`, async (t) => {
    const rig = new ProxyRig();
    const bad = await serveHttp2(rig, behave);
    const good = await serveHttp2(rig, (stream) => endGrpc(stream, 0));
    const protocol = 'http2';
    const view = balancedView([bad.port, good.port], { protocol, outlier: OUTLIER });
    rig.service({ ...view, ports: [{ ...view.ports[0], protocol }] });
    const session = await connectHttp2(rig);
    for (let i = 0; i < 10; i++) await ask(session, { ...headers });
    t.same(
      rig.healthEvents.map(({ endpoint, event }) => `${endpoint} ${event.type}`),
      ejected ? [`127.0.0.1:${bad.port} ejected`] : [],
    );
    if (ejected) t.equal(bad.requests, 3);
    await check(t, rig);
  });
}

t.test('an answer that does not come in time', async (t) => {
  const rig = new ProxyRig();
  const silent = await serveHttp2(rig, () => {});
  const good = await serveHttp2(rig, (stream) => endGrpc(stream, 0));
  const timeouts = { requestMs: 100 };
  rig.service(balancedView([silent.port, good.port], { timeouts, outlier: { ...OUTLIER, consecutive5xx: 2 } }));
  const session = await connectHttp2(rig);
  for (let i = 0; i < 6; i++) await ask(session, { ':path': '/' });
  t.match(rig.healthEvents, [{ endpoint: `127.0.0.1:${silent.port}`, event: { type: 'ejected' } }]);
  t.equal(silent.requests, 2);
  await check(t, rig);
});

t.test('PeakEWMA hears of it too', async (t) => {
  const rig = new ProxyRig();
  const servers = await Promise.all([0, 8].map((status) => serveHttp2(rig, (stream) => endGrpc(stream, status))));
  rig.service(
    balancedView(
      servers.map(({ port }) => port),
      { loadBalancer: 'PeakEWMA' },
    ),
  );
  const session = await connectHttp2(rig);
  for (let i = 0; i < 30; i++) await ask(session, GRPC);
  t.ok(servers[1].requests <= 2, `RESOURCE_EXHAUSTED: ${servers[1].requests} of 30`);
  await check(t, rig);
});

for (const [name, action] of [
  ['fast path', {}],
  ['general exchange', { retry: { attempts: 1, codes: [], backoffMs: 1 } }],
] as const) {
  t.test(`HTTP/1.1, ${name}: a kept-alive connection that its server has given up is no fault`, async (t) => {
    const rig = new ProxyRig();
    const { port, sockets } = await rig.serve((socket) => {
      let requests = 0;
      socket.on('data', () => {
        if (++requests > 1) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    const outlier = { ...OUTLIER, splitLocalErrors: true, consecutiveLocalErrors: 1, alwaysEjectOne: true };
    rig.service(ruledService([port], action, { outlier }, 'http1'));
    const client = await rig.client();
    for (let i = 0; i < 3; i++) {
      client.clear();
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await rig.until(() => client.text.includes('\r\n\r\n'), 'an answer');
      t.match(client.text, /ok$/);
    }
    t.equal(sockets.length, 3);
    t.same(rig.healthEvents, []);
    await check(t, rig);
  });
}
