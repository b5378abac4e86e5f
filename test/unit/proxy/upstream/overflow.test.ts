import t from 'tap';
import { ClusterTraffic } from '../../../../src/proxy/endpoints/cluster-traffic.ts';
import { noteOverflow } from '../../../../src/proxy/upstream/overflow.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';

t.test('an overflow is counted by cluster and limit, and worded for the client', async (t) => {
  const rig = new ProxyRig();
  const traffic = new ClusterTraffic('shop/orders:80');
  const sentence = noteOverflow(rig.context, traffic, 'pending');
  t.equal(sentence, 'shop/orders:80 has as many requests waiting for a connection as its circuit breaker allows');
  t.equal(rig.count('towpath_circuit_breaker_overflows_total', { cluster: 'shop/orders:80', limit: 'pending' }), 1);
  await rig.end();
});
