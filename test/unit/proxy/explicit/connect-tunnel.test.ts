import { connect } from 'node:net';
import t from 'tap';
import { address } from '../../../helpers/proxy-rig.ts';
import { RawServer } from '../../reactor/support/raw-peer.ts';
import { check, declare, explicitRig, tell, view } from './support/explicit-rig.ts';

t.test('CONNECT opens a tunnel to an endpoint that takes it, early bytes and half-close included', async (t) => {
  const rig = explicitRig([]);
  const heard: string[] = [];
  const { port } = await rig.serve((socket) => {
    socket.on('data', (chunk) => heard.push(chunk.toString('latin1')));
    socket.on('end', () => socket.end('bye'));
  });
  declare(rig, [view('shop', 'cache', { 6379: ['tcp', 1, port] })]);
  for (let i = 0; i < 4; i++) {
    heard.length = 0;
    const client = await rig.client();
    client.send('CONNECT cache:6379 HTTP/1.1\r\nHost: cache:6379\r\nProxy-Authorization: Basic YQ==\r\n\r\nPING');
    await rig.until(() => heard.join('') === 'PING', 'the early bytes');
    t.equal(client.text, 'HTTP/1.1 200 Connection established\r\n\r\n');
    client.socket.end();
    await rig.until(() => client.ended, 'the other direction');
    t.match(client.text, /bye$/);
  }
  await rig.until(() => rig.closed.length === 4, 'the records');
  t.ok(rig.closed.every(({ ending }) => ending === 'closed'));
  t.equal(rig.closed[0].record.endpoint, `127.0.0.1:${port}`);
  const labels = { service: 'shop/cache', endpoint: `127.0.0.1:${port}`, code: '200', protocol: 'http1' };
  t.equal(rig.count('towpath_requests_total', labels), 4);
  await check(t, rig);
});

t.test('CONNECT to nobody is a 503', async (t) => {
  const rig = explicitRig([view('shop', 'cache', { 6379: ['tcp', 1] })]);
  const client = await rig.client();
  const answer = await tell(
    rig,
    client,
    'CONNECT cache:6379 HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: cache\r\n\r\n',
  );
  t.match(answer, /^HTTP\/1.1 503 [\s\S]*connection: close[\s\S]*cannot connect to 127\.0\.0\.1:1 /);
  await rig.until(() => client.ended, 'the end: nothing behind it is taken for a request');
  await check(t, rig);
});

t.test('a client that leaves while its tunnel is dialled is forgotten', async (t) => {
  const rig = explicitRig([]);
  // Its backlog is full, so that the kernel drops further handshakes without an answer.
  const full = new RawServer('127.0.0.1');
  rig.reactor.kernel.listen(full.fd, 0);
  const { port } = full.address;
  const fillers = Array.from({ length: 3 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await new Promise((resolve) => setTimeout(resolve, 30));
  const client = await rig.client();
  client.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const endpoint = rig.context.outbound.get(address('127.0.0.1', port));
  await rig.until(() => endpoint.active === 1, 'the dial');
  t.equal(client.text, '');
  client.socket.resetAndDestroy();
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.reactor.openSockets, 0);
  t.equal(endpoint.active, 0);
  t.equal(rig.count('towpath_requests_total', { code: '0', flags: 'DC' }), 1);
  for (const filler of fillers) filler.destroy();
  full.close();
  await check(t, rig);
});
