import t from 'tap';
import { address, ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

t.test('a declared protocol decides at once, and every verdict is counted with its reason', async (t) => {
  for (const [protocol, verdict] of [
    ['http1', 'http1'],
    ['http2', 'http2'],
    ['grpc', 'http2'],
    ['tls', 'tls'],
    ['tcp', 'opaque'],
  ] as const) {
    const rig = new ProxyRig();
    const { port } = await rig.serve((socket) => socket.on('end', () => socket.end()).resume());
    rig.service(serviceView([port], { protocol }));
    const client = await rig.client();
    await rig.until(() => rig.count('towpath_verdicts_total', { verdict, reason: 'declared' }) === 1, protocol);
    client.socket.end();
    await rig.until(() => rig.closed.length === 1, 'the record');
    t.match(rig.closed[0], { ending: 'closed', record: { verdict, service: 'shop/orders' } });
    await rig.end();
  }
});

t.test('the inbound side serves the local program under its own name', async (t) => {
  const rig = new ProxyRig();
  rig.side = 'inbound';
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  rig.context.table.setInbound([
    { namespace: 'shop', name: 'orders-1', ports: [{ name: 'http', port, protocol: 'http1' }] },
  ]);
  rig.destination = address('127.0.0.1', port);
  const client = await rig.client();
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.text.includes('200 OK'), 'the answer');
  t.equal(rig.count('towpath_requests_total', { side: 'inbound', service: 'shop/orders-1', endpoint: '' }), 1);
  await rig.end();
});

t.test('a port that the service does not have is refused with its reason', async (t) => {
  const rig = new ProxyRig();
  rig.service(serviceView([1]));
  rig.destination = address('240.0.0.1', 81);
  const client = await rig.client();
  await rig.until(() => client.error !== null, 'the reset');
  t.match(rig.closed[0], {
    ending: 'refused',
    record: { flag: 'NR', detail: 'the service shop/orders has no port 81' },
  });
  await rig.end();
});
