/** What programs may ask for, and what they are told. */
import t from 'tap';
import { check, declare, explicitRig, tell, view } from './support/explicit-rig.ts';

const REFUSED: readonly (readonly [request: string, status: number, sentence: RegExp])[] = [
  ['GET / HTTP/1.1\r\nHost: order.shop.svc', 404, /there is no service order\.shop\.svc; did you mean orders\.shop\?/],
  ['GET / HTTP/1.1\r\nHost: orders:81', 404, /orders\.shop has no port 81, but the ports 6379 \(tcp\), 8080 and 9090/],
  ['GET / HTTP/1.1\r\nHost: orders', 404, /name one, as in orders\.shop:8080/],
  [
    'GET / HTTP/1.1\r\nHost: orders:6379',
    404,
    /port 6379 of orders\.shop speaks tcp, not HTTP: reach it through CONNECT/,
  ],
  ['GET / HTTP/1.1\r\nHost: orders:9090', 503, /no ready endpoint/],
  ['GET / HTTP/1.1\r\nHost: 240.240.7.7', 404, /no service has the virtual address 240\.240\.7\.7/],
  ['GET / HTTP/1.1\r\nHost: 127.0.0.1:15080', 400, /127\.0\.0\.1:15080 is this proxy itself/],
  ['GET http://[::1]:15080/ HTTP/1.1\r\nHost: orders', 400, /is this proxy itself/],
  ['GET / HTTP/1.1\r\nHost: 0.0.0.0:15080', 400, /is this proxy itself/],
  ['GET / HTTP/1.1\r\nHost: 127.8.9.1:15080', 400, /is this proxy itself/],
  ['GET / HTTP/1.1\r\nHost: [::ffff:127.0.0.1]:15080', 400, /is this proxy itself/],
  ['GET / HTTP/1.1\r\nHost: 10.0.0.1:15001', 400, /is this proxy itself/],
  ['CONNECT 127.0.0.1:15080 HTTP/1.1\r\nHost: x', 400, /is this proxy itself/],
  ['GET https://orders:8080/ HTTP/1.1\r\nHost: x', 400, /only http:\/\/ targets/],
  ['GET / HTTP/1.0', 400, /names no host/],
  ["GET / HTTP/1.1\r\nHost: it's", 404, /there is no service it's/],
  ['GET / HTTP/1.1\r\nHost: a@b', 400, /Host field/],
  ['OPTIONS * HTTP/1.1\r\nHost: nobody.shop.svc', 404, /there is no service/],
  ['CONNECT orders:9090 HTTP/1.1\r\nHost: x', 503, /no ready endpoint/],
  ['CONNECT orders:81 HTTP/1.1\r\nHost: orders:8080', 404, /no port 81/],
];

for (const [request, status, sentence] of REFUSED) {
  t.test(`${request.replace('\r\n', ', ')}: ${status}`, async (t) => {
    const rig = explicitRig([view('shop', 'orders', { 8080: ['auto', 1], 9090: ['auto'], 6379: ['tcp', 1] })]);
    const client = await rig.client();
    const answer = await tell(rig, client, `${request}\r\n\r\n`);
    t.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    t.match(answer, sentence);
    t.equal(rig.count('towpath_requests_total', { code: String(status) }), 1);
    await check(t, rig);
  });
}

t.test('a name that nobody knows is 404, one that could not be asked for 503', async (t) => {
  const rig = explicitRig([], { viewTimeoutMs: 100 });
  declare(rig, [view('shop', 'orders', { 80: ['auto', 1] })]);
  rig.names.put('ordesr', [], 'unknown', rig.reactor.now);
  rig.names.put('broken.test', [], 'failed', rig.reactor.now);
  const client = await rig.client();
  const ask = (host: string): Promise<string> => tell(rig, client, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  t.match(
    await ask('ordesr'),
    /^HTTP\/1.1 404 [\s\S]*neither a service nor a host name that resolves; did you mean orders\.shop\?/,
  );
  t.match(
    await ask('broken.test'),
    /^HTTP\/1.1 503 [\s\S]*DF; [\s\S]*broken\.test is no service, and could not be resolved/,
  );
  t.match(
    await ask('slow.test'),
    /^HTTP\/1.1 503 [\s\S]*slow\.test is no service, and was not resolved as a host name within 0\.1 s/,
  );
  rig.names.put('loop.test', ['127.0.0.1'], '', rig.reactor.now);
  t.match(await ask('loop.test:15080'), /^HTTP\/1.1 400 [\s\S]*this proxy itself/);
  rig.names.put('vip.test', ['240.240.0.1'], '', rig.reactor.now);
  t.match(
    await ask('vip.test:81'),
    /^HTTP\/1.1 404 [\s\S]*orders\.shop has no port 81/,
    'a name of a virtual IP is the service',
  );
  await check(t, rig);
});
