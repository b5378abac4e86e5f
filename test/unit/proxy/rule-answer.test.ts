/** Redirects and direct responses over real connections (Gateway API HTTPRequestRedirectFilter, HTTPRouteFilter). */
import t from 'tap';
import { ask, connectHttp2 } from '../../helpers/http2-peers.ts';
import { check, GRPC } from './support/http2-rig.ts';
import { type Protocol, routeRig, rule, rules } from './support/route-rig.ts';

const CLIENTS: readonly Protocol[] = ['http1', 'http2'];
const set = (name: string, value: string) => ({ set: [{ name, value }], add: [], remove: [] });

for (const client of CLIENTS) {
  t.test(`${client}: a redirect is answered at once, whatever the method`, async (t) => {
    const answer = { type: 'redirect', hostname: 'example.org', status: 302 } as const;
    const { rig, got, ask } = await routeRig(client, 'http1', rule({ answer, responseHeaders: set('X-Rule', '1') }));
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      const { status, headers, body } = await ask({ ':method': method, ':path': '/a?b=c' });
      t.equal(status, 302);
      t.match(headers, { location: 'http://example.org/a?b=c', 'content-length': '0', 'x-rule': '1' });
      t.notOk('x-towpath-error' in headers);
      t.equal(body, '');
    }
    t.equal(got.length, 0);
    const labels = {
      service: 'shop/orders',
      route: 'shop/r/0',
      code: '302',
      flags: '',
      endpoint: '',
      protocol: client,
    };
    t.equal(rig.count('towpath_requests_total', labels), 3);
    await check(t, rig);
  });

  t.test(`${client}: every status of a redirect, and of a direct response`, async (t) => {
    const redirects = ([301, 302, 303, 307, 308] as const).map((status) => ({ type: 'redirect', status }) as const);
    const direct = ([200, 204, 205, 404, 503] as const).map(
      (status) => ({ type: 'direct', status, body: 'hello' }) as const,
    );
    const all = [...redirects, ...direct];
    const http = rules(
      ...all.map((answer) => [{ path: { type: 'Exact', value: `/${answer.status}` } }, { answer }] as const),
    );
    const { rig, ask } = await routeRig(client, 'http1', http);
    for (const { status, type } of all) {
      const reply = await ask({ ':path': `/${status}` });
      t.equal(reply.status, status);
      t.equal(reply.headers.location, type === 'redirect' ? `http://orders/${status}` : undefined);
      t.equal(reply.body, type === 'redirect' || status === 204 ? '' : 'hello', `the body of ${status}`);
      t.equal(reply.headers['content-length'], status === 204 ? undefined : String(reply.body.length));
    }
    await check(t, rig);
  });

  t.test(`${client}: a direct response says what the rule wants, with its fields`, async (t) => {
    const answer = {
      type: 'direct',
      status: 200,
      contentType: 'application/json',
      body: '{"grüße":1}',
      headers: [{ name: 'X-Mine', value: '1' }],
    } as const;
    const { rig, ask } = await routeRig(client, 'http1', rule({ answer, responseHeaders: set('X-Rule', '2') }));
    const reply = await ask({});
    t.equal(Buffer.from(reply.body, 'latin1').toString('utf8'), '{"grüße":1}');
    t.match(reply.headers, {
      'content-type': 'application/json',
      'content-length': '13',
      'x-mine': '1',
      'x-rule': '2',
    });
    const head = await ask({ ':method': 'HEAD' });
    t.equal(head.body, '');
    t.equal(head.headers['content-length'], '13');
    await check(t, rig);
  });

  t.test(`${client}: a body as large as a view may have`, async (t) => {
    const body = '\u20ac'.repeat(65_536);
    const { rig, ask } = await routeRig(client, 'http1', rule({ answer: { type: 'direct', status: 200, body } }));
    for (let i = 0; i < 2; i++) {
      const reply = await ask({});
      t.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
      t.ok(Buffer.from(reply.body, 'latin1').toString('utf8') === body, 'the body is whole');
    }
    await check(t, rig);
  });

  t.test(`${client}: a backend's share is redirected, and no other`, async (t) => {
    const redirect = { type: 'redirect', hostname: 'example.org', status: 301 } as const;
    const backend = { cluster: 'shop/orders:80', weight: 1, requestHeaders: null };
    const { rig, got, ask } = await routeRig(
      client,
      'http1',
      rule({ backends: [backend, { ...backend, answer: redirect }] }),
    );
    const statuses: number[] = [];
    for (let i = 0; i < 60; i++) statuses.push((await ask({})).status);
    const redirected = statuses.filter((status) => status === 301).length;
    t.equal(redirected + got.length, 60);
    t.ok(redirected > 5 && redirected < 55, `${redirected} of 60`);
    await check(t, rig);
  });
}

t.test('a body that follows a redirected request does not become another request', async (t) => {
  const { rig } = await routeRig('http1', 'http1', rule({ answer: { type: 'redirect', status: 307 } }));
  const client = await rig.client();
  client.send('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n..');
  await rig.until(() => client.ended, 'the end');
  t.equal(
    client.text,
    'HTTP/1.1 307 Temporary Redirect\r\nlocation: http://x/a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
  );
  const http2 = await ask(await connectHttp2(rig), { ':method': 'POST', ':path': '/a' }, 'body');
  t.match(http2, { status: 307, headers: { location: 'http://orders/a' }, body: '' });
  await check(t, rig);
});

t.test('gRPC is told a status', async (t) => {
  for (const [answer, code, message] of [
    [{ type: 'redirect', status: 302 }, '2', 'the route answers with HTTP status 302'],
    [{ type: 'direct', status: 503, body: 'down for repair' }, '14', 'down for repair'],
    [{ type: 'direct', status: 401, body: '' }, '16', 'the route answers with HTTP status 401'],
    [{ type: 'direct', status: 404, body: '' }, '12', 'the route answers with HTTP status 404'],
  ] as const) {
    const { rig } = await routeRig('http2', 'http2', rule({ answer }));
    const reply = await ask(await connectHttp2(rig), GRPC, 'x');
    t.equal(reply.status, 200);
    t.match(reply.headers, { 'content-type': 'application/grpc', 'grpc-status': code, 'grpc-message': message });
    t.equal(rig.count('towpath_requests_total', { protocol: 'grpc', grpc_status: code, flags: '' }), 1);
    await check(t, rig);
  }
});

t.test('a rule whose answer is too large for a head says so', async (t) => {
  const value = 'x'.repeat(50_000);
  const headers = [1, 2, 3, 4, 5].map((i) => ({ name: `x-${i}`, value }));
  const { rig, ask } = await routeRig(
    'http1',
    'http1',
    rule({ answer: { type: 'direct', status: 200, body: '', headers } }),
  );
  const reply = await ask({});
  t.match(reply, { status: 500, body: 'the answer of the rule is larger than the limit\n' });
  await check(t, rig);
});
