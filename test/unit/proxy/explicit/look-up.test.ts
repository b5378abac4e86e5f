import t from 'tap';
import { check, declare, echo, explicitRig, tell, view } from './support/explicit-rig.ts';

t.test('the first request to a service waits for its view, with its body and the requests behind it', async (t) => {
  const rig = explicitRig([]);
  const server = await echo(rig, 'one');
  const orders = view('shop', 'orders', { 80: ['auto', server.port] });
  declare(rig, [orders]);
  rig.context.table.removeService('shop/orders');
  const client = await rig.client();
  client.send('POST http://orders/a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc');
  await rig.until(() => rig.needed.length === 1, 'the demand');
  client.send('defGET /b HTTP/1.1\r\nHost: orders\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.equal(client.text, '');
  t.same(server.heard, []);
  rig.context.table.setService(orders);
  rig.waiters.settle('shop/orders', true);
  await rig.until(() => client.text.split('HTTP/1.1 200').length === 3, 'both answers');
  t.match(server.heard.join(''), /^POST \/a HTTP[\s\S]*\r\n\r\nabcdefGET \/b HTTP/);
  t.same(rig.needed, ['shop/orders']);
  client.socket.end();
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.closed[0].record.requests, 2, 'each is counted once');
  await check(t, rig);
});

t.test(
  'a view that does not come is a 503; a client that goes away, or half-closes, meanwhile is no trouble',
  async (t) => {
    const rig = explicitRig([], { viewTimeoutMs: 150 });
    const server = await echo(rig, 'one');
    const orders = view('shop', 'orders', { 80: ['auto', server.port] });
    declare(rig, [orders]);
    rig.context.table.removeService('shop/orders');
    const client = await rig.client();
    const answer = await tell(rig, client, 'GET / HTTP/1.1\r\nHost: orders\r\n\r\n');
    t.match(answer, /^HTTP\/1.1 503 /);
    t.match(answer, /no view of the service shop\/orders arrived within 0\.15 s/);
    client.send('GET / HTTP/1.1\r\nHost: orders\r\n\r\n');
    await rig.until(() => rig.needed.length === 2, 'asked for again');
    client.socket.resetAndDestroy();
    const patient = await rig.client();
    patient.send('GET / HTTP/1.1\r\nHost: orders\r\n\r\n');
    patient.socket.end();
    await rig.until(() => rig.closed.length === 1, 'the reset client');
    rig.context.table.setService(orders);
    rig.waiters.settle('shop/orders', true);
    await rig.until(() => patient.text.endsWith('one'), 'the answer for the client that has half-closed');
    await rig.until(() => rig.closed.length === 2, 'both records');
    t.equal(server.heard.length, 1);
    await check(t, rig);
  },
);

t.test('a host name that is no service is resolved, kept, and every address of it tried', async (t) => {
  const rig = explicitRig([]);
  const server = await echo(rig, 'web');
  const client = await rig.client();
  client.send(`GET http://example.test:${server.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await rig.until(() => rig.asked.length === 1, 'the question');
  rig.names.put('example.test', ['::1', '127.0.0.1'], '', rig.reactor.now);
  rig.nameWaiters.settle('example.test', true);
  await rig.until(() => client.text.endsWith('web'), 'the answer');
  t.match(
    server.heard[0],
    new RegExp(`^GET / HTTP/1.1\r\nHost: example.test:${server.port}\r\n\r\n$`),
    'nothing is added',
  );
  await tell(rig, client, `GET / HTTP/1.1\r\nHost: example.test:${server.port}\r\n\r\n`);
  t.same(rig.asked, ['example.test']);
  t.equal(rig.count('towpath_requests_total', { service: '', endpoint: '', code: '200' }), 2, 'addresses are no label');
  const refused = await tell(rig, client, 'GET / HTTP/1.1\r\nHost: example.test:1\r\n\r\n');
  t.match(refused, /^HTTP\/1.1 503 [\s\S]*cannot connect to/, 'told, not reset');
  await check(t, rig);
});
