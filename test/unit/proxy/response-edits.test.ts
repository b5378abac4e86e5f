/** Response header filters over real connections, in every pair of protocols (Gateway API HTTPHeaderFilter). */
import t from 'tap';
import { begin, connectHttp2, ended } from '../../helpers/http2-peers.ts';
import { check } from './support/http2-rig.ts';
import { forEachPair, routeRig, rule } from './support/route-rig.ts';

const RESPONSE = {
  set: [{ name: 'X-Old', value: 'new' }],
  add: [
    { name: 'Vary', value: 'Origin' },
    { name: 'X-Added', value: '1' },
  ],
  remove: ['Server'],
};
const WANTED = { 'x-old': 'new', vary: 'Accept,Origin', 'x-added': '1', server: undefined };

forEachPair(t, 'fields of final answers are set, added to and removed', async (t, client, server) => {
  const { rig, ask } = await routeRig(client, server, rule({ responseHeaders: RESPONSE }));
  for (const request of [{}, { ':method': 'HEAD' }, { ':path': '/304' }, { ':path': '/hint' }]) {
    const { status, headers, body } = await ask(request);
    t.equal(status, request[':path'] === '/304' ? 304 : 200);
    t.match(headers, WANTED, JSON.stringify(request));
    t.equal(body, request[':method'] === 'HEAD' || status === 304 ? '' : 'ok');
  }
  await check(t, rig);
});

forEachPair(t, 'the backend has the last word', async (t, client, server) => {
  const set = (value: string) => ({ set: [{ name: 'x-old', value }], add: [], remove: [] });
  const backends = [
    { cluster: 'shop/orders:80', weight: 1, requestHeaders: null, responseHeaders: set('of the backend') },
  ];
  const { rig, ask } = await routeRig(client, server, rule({ responseHeaders: set('of the rule'), backends }));
  t.equal((await ask({})).headers['x-old'], 'of the backend');
  await check(t, rig);
});

t.test('an interim answer stays as it is', async (t) => {
  for (const server of ['http1', 'http2'] as const) {
    const { rig } = await routeRig('http2', server, rule({ responseHeaders: RESPONSE }));
    const session = await connectHttp2(rig);
    const answer = begin(session, { ':path': '/hint' });
    const interim: unknown[] = [];
    answer.stream.on('headers', (headers) => interim.push(headers['x-old'], headers['x-added']));
    await ended(answer);
    t.same(interim, ['hint', undefined]);
    t.equal(answer.headers['x-old'], 'new');
    await check(t, rig);
  }
  const { rig } = await routeRig('http1', 'http1', rule({ responseHeaders: RESPONSE }));
  const client = await rig.client();
  client.send('GET /hint HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  t.match(client.text, /^HTTP\/1\.1 103 Early Hints\r\nx-old: hint\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  await check(t, rig);
});
