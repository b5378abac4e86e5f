/** Clusters whose connections keep their destination, for requests and for bytes. */
import t, { type Test } from 'tap';
import type { ServiceView } from '../../../../src/contract/views.ts';
import { destinationAsEndpoint, isVirtual } from '../../../../src/proxy/endpoints/keep-destination.ts';
import { address, ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';

function passthrough(protocol: 'auto' | 'tcp', ports: readonly number[]): ServiceView {
  const view = serviceView([], { protocol });
  const [port] = view.ports;
  const cluster = view.clusters['shop/orders:80'];
  if (port === undefined || cluster === undefined) throw new Error('no port');
  return {
    ...view,
    virtualIps: [],
    ports: ports.map((number) => ({ ...port, port: number })),
    clusters: { 'shop/orders:80': { ...cluster, passthrough: true } },
  };
}

async function end(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same({ errors, internal, chunks }, { errors: [], internal: 0, chunks: 0 });
}

for (const [protocol, message, answer] of [
  ['auto', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', /200 OK/],
  ['tcp', 'hello', /200 OK/],
] as const) {
  t.test(`${protocol}: what was dialled is reached, and counts as the service`, async (t) => {
    const rig = new ProxyRig();
    const { port } = await rig.serve((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
      socket.on('end', () => socket.end());
    });
    const entry = { namespace: 'shop', name: 'orders', virtualIps: [], ports: [port], addresses: ['127.0.0.0/8'] };
    rig.context.table.setDirectory([entry]);
    rig.context.table.setService(passthrough(protocol, [port]));
    rig.destination = address('127.0.0.1', port);
    const client = await rig.client();
    client.send(message);
    await rig.until(() => client.text !== '' || client.closed, 'an answer');
    t.match(client.text, answer);
    client.socket.end();
    await rig.until(() => rig.closed.length === 1, 'the record');
    t.equal(rig.closed[0]?.record.service, 'shop/orders');
    await end(t, rig);
  });
}

t.test('a virtual address is nowhere to go on to, and no address at all neither', async (t) => {
  const rig = new ProxyRig();
  rig.service(serviceView([1]));
  const found = rig.context.table.find(rig.destination);
  if (found.type !== 'service') throw new Error('no service');
  const { cluster } = found.port;
  t.equal(destinationAsEndpoint(rig.context.outbound, cluster, address('240.240.0.1', 80)), null);
  t.equal(destinationAsEndpoint(rig.context.outbound, cluster, null), null);
  t.equal(destinationAsEndpoint(rig.context.outbound, cluster, address('10.0.0.1', 80))?.text, '10.0.0.1:80');
  t.same([isVirtual(address('fd00:240::1', 1)), isVirtual(address('fd00:241::1', 1))], [true, false]);
  await end(t, rig);
});

t.test('an answer tells its client nothing of the request before', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  const hashed = serviceView([port], {}, { name: 'hashed' });
  const cluster = hashed.clusters['shop/orders:80'];
  if (cluster === undefined) throw new Error('no cluster');
  const hash = { type: 'Cookie', name: 'sticky', ttlMs: 1_000 } as const;
  const clusters = { 'shop/orders:80': { ...cluster, loadBalancer: 'ConsistentHash', hash } as const };
  rig.context.table.setDirectory([
    { namespace: 'shop', name: 'hashed', virtualIps: ['240.0.0.1'], ports: [80] },
    { namespace: 'shop', name: 'orders', virtualIps: [], ports: [port], addresses: ['127.0.0.0/8'] },
  ]);
  rig.context.table.setService({ ...hashed, clusters });
  rig.context.table.setService(passthrough('auto', [port]));
  const ask = async (): Promise<string> => {
    const client = await rig.client();
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await rig.until(() => client.text.includes('\r\n\r\n'), 'an answer');
    return client.text;
  };
  rig.destination = address('240.0.0.1', 80);
  t.match(await ask(), /set-cookie: sticky=/i);
  rig.destination = address('127.0.0.1', port);
  t.notMatch(await ask(), /set-cookie/i);
  await end(t, rig);
});
