import t from 'tap';
import { address, ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

t.test('a destination that cannot even be dialled resets the client and says why', async (t) => {
  const rig = new ProxyRig();
  // Broadcast: connect(2) itself refuses it.
  rig.service(serviceView([], { protocol: 'tcp' }));
  rig.context.table.setDirectory([]);
  rig.context.table.setService(serviceView([], { protocol: 'tcp' }, { version: { epoch: 1, gen: 2, hash: 'y' } }));
  rig.destination = address('255.255.255.255', 9);
  const client = await rig.client();
  client.send('\x00');
  await rig.until(() => client.error !== null, 'the reset');
  t.equal(rig.closed[0].ending, 'unreachable');
  t.equal(rig.closed[0].record.flag, 'UF');
  t.not(rig.closed[0].record.detail, '');
  const { errors, internal, chunks } = await rig.end();
  t.same({ errors, internal, chunks }, { errors: [], internal: 0, chunks: 0 });
});

t.test('a connection is counted at its endpoint while it lasts', async (t) => {
  const rig = new ProxyRig();
  const { port, sockets } = await rig.serve((socket) => socket.on('end', () => socket.end()).resume());
  rig.service(serviceView([port], { protocol: 'tcp' }));
  const clients = await Promise.all([rig.client(), rig.client()]);
  await rig.until(() => sockets.length === 2, 'both connections');
  const endpoint = rig.context.outbound.get(address('127.0.0.1', port));
  t.equal(endpoint.active, 2);
  clients[0].socket.end();
  clients[1].socket.resetAndDestroy();
  await rig.until(() => rig.closed.length === 2, 'both records');
  t.equal(endpoint.active, 0);
  t.equal(rig.closed[0].record.endpoint, `127.0.0.1:${port}`);
  await rig.end();
});
