/** Routes in the explicit mode: what they do to requests that name their service themselves. */
import t from 'tap';
import type { HttpRoutingView, ServiceView } from '../../../../src/contract/views.ts';
import { ask, connectHttp2 } from '../../../helpers/http2-peers.ts';
import { rules } from '../support/route-rig.ts';
import { check, declare, echo, explicitRig, tell, view } from './support/explicit-rig.ts';

const path = (value: string) => ({ path: { type: 'PathPrefix', value } as const });
const cors = {
  allowOrigins: ['https://a.example'],
  allowMethods: ['PUT'],
  allowHeaders: [],
  exposeHeaders: [],
  allowCredentials: false,
  maxAge: 5,
};
const HTTP: HttpRoutingView = rules(
  [path('/redirect'), { answer: { type: 'redirect', status: 301 } }],
  [path('/direct'), { answer: { type: 'direct', status: 200, body: 'direct' } }],
  [path('/cors'), { cors }],
  [{ headers: [{ name: 'host', value: 'orders' }] }, { answer: { type: 'direct', status: 200, body: 'by host' } }],
  [
    path('/old'),
    { rewrite: { hostname: 'inside', path: { type: 'ReplacePrefixMatch', prefix: '/old', value: '/new' } } },
  ],
);

function routed(port: number): ServiceView {
  const one = view('shop', 'orders', { 8080: ['auto', port] });
  const http = { ...HTTP, actions: HTTP.actions.map((action) => ({ ...action, backends: [backend] })) };
  return { ...one, ports: one.ports.map((each) => ({ ...each, http })) };
}
const backend = { cluster: 'shop/orders:8080', weight: 1, requestHeaders: null };

t.test('HTTP/1.1: absolute and origin form', async (t) => {
  const rig = explicitRig([]);
  const server = await echo(rig, 'ok');
  declare(rig, [routed(server.port)]);
  const client = await rig.client();
  const send = (line: string, fields = ''): Promise<string> =>
    tell(rig, client, `${line} HTTP/1.1\r\nHost: orders.shop\r\n${fields}\r\n`);
  t.match(await send('GET http://orders.shop/redirect/a?b'), '\r\nlocation: http://orders.shop:8080/redirect/a?b\r\n');
  t.match(await send('GET /redirect/a?b'), '\r\nlocation: http://orders.shop:8080/redirect/a?b\r\n');
  t.match(await send('GET http://orders.shop/direct'), /\r\n\r\ndirect$/);
  t.match(await send('GET http://orders/any'), /\r\n\r\nby host$/);
  t.match(
    await send(
      'OPTIONS http://orders.shop/cors',
      'Origin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n',
    ),
    /^HTTP\/1\.1 200 OK\r\naccess-control-allow-origin: https:\/\/a\.example\r\naccess-control-allow-methods: PUT\r\n/,
  );
  t.match(await send('GET http://orders.shop/cors', 'Origin: https://a.example\r\n'), /access-control-allow-origin/);
  t.equal(server.heard.length, 1);
  for (const target of ['http://orders.shop/old/a?b', '/old/a?b']) {
    t.match(await send(`GET ${target}`), /\r\n\r\nok$/);
    t.match(server.heard.at(-1), /^GET \/new\/a\?b HTTP\/1\.1\r\nHost: inside\r\n/, target);
  }
  client.socket.destroy();
  await check(t, rig);
});

t.test('HTTP/2', async (t) => {
  const rig = explicitRig([]);
  const server = await echo(rig, 'ok');
  declare(rig, [routed(server.port)]);
  const session = await connectHttp2(rig);
  const get = (path: string, authority = 'orders.shop') => ask(session, { ':path': path, ':authority': authority });
  t.match(await get('/redirect/a?b'), { status: 301, headers: { location: 'http://orders.shop:8080/redirect/a?b' } });
  t.match(await get('/direct'), { status: 200, body: 'direct' });
  t.match(await get('/any', 'orders'), { body: 'by host' });
  t.match(await get('/none'), { status: 404 });
  await check(t, rig);
});

for (const [what, action, sends] of [
  ['sent again', { retry: { attempts: 1, codes: [503], backoffMs: 1 } }, 2],
  ['held back', { fault: { delay: { ms: 10, percentage: 100 } } }, 1],
] as const) {
  t.test(
    `HTTP/1.1, ${what}: in origin form, to the host of the target, without what is meant for a proxy`,
    async (t) => {
      const rig = explicitRig([]);
      const heard: string[] = [];
      const { port } = await rig.serve((socket) =>
        socket.on('data', (chunk) => {
          heard.push(chunk.toString('latin1'));
          const status = heard.length < sends ? '503 Busy' : '200 OK';
          socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nok`);
        }),
      );
      const one = view('shop', 'orders', { 8080: ['auto', port] });
      const http = rules([path('/'), { backends: [backend], ...action }]);
      declare(rig, [{ ...one, ports: one.ports.map((each) => ({ ...each, http })) }]);
      const client = await rig.client();
      const fields = 'Host: elsewhere\r\nProxy-Authorization: Basic c2VjcmV0\r\nX-A: 1';
      t.match(await tell(rig, client, `GET http://orders.shop/a?b HTTP/1.1\r\n${fields}\r\n\r\n`), /200 OK/);
      t.equal(heard.length, sends);
      for (const text of heard) {
        t.match(text, /^GET \/a\?b HTTP\/1\.1\r\nHost: orders\.shop\r\nX-A: 1\r\n/);
        t.notMatch(text, /proxy-authorization|elsewhere/i);
      }
      client.socket.destroy();
      await check(t, rig);
    },
  );
}
