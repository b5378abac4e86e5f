import t from 'tap';
import { Upkeep } from '../../../src/proxy/upkeep.ts';
import { address, ProxyRig } from '../../helpers/proxy-rig.ts';
import { check } from './support/http2-rig.ts';

t.test('the bytes of a connection that lasts are seen while it does, and once', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => {
    socket.write('hello');
    socket.on('data', (data) => socket.write(data));
    socket.on('end', () => socket.end());
  });
  rig.destination = address('127.0.0.1', port);
  const upkeep = new Upkeep(rig.context, [rig.context.outbound]);
  const client = await rig.client();
  await rig.until(() => client.text === 'hello', 'the server speaks first');
  client.send('12345678');
  await rig.until(() => client.text.length === 13, 'the echo');
  upkeep.afterTurn(rig.reactor.now + 20_000);
  const read = (): number[] => [
    rig.count('towpath_connections_relayed_total', { verdict: 'opaque' }),
    rig.count('towpath_connection_received_bytes_total', { verdict: 'opaque' }),
    rig.count('towpath_connection_sent_bytes_total', { verdict: 'opaque' }),
    rig.count('towpath_connections_closed_total'),
  ];
  t.same(read(), [1, 8, 13, 0]);
  upkeep.afterTurn(rig.reactor.now + 40_000);
  t.same(read(), [1, 8, 13, 0]);
  client.send('90');
  await rig.until(() => client.text.length === 15, 'the echo');
  client.socket.end();
  await rig.until(() => rig.closed.length === 1, 'the end');
  t.same(read(), [1, 10, 15, 1]);
  await check(t, rig);
});
