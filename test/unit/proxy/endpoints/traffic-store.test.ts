import t from 'tap';
import { TrafficStore } from '../../../../src/proxy/endpoints/traffic-store.ts';
import { serviceView } from '../../../helpers/proxy-rig.ts';

t.test('traffic belongs to a key, whatever view names it, until none does', (t) => {
  const store = new TrafficStore();
  const view = serviceView([1]).clusters['shop/orders:80'];
  const traffic = store.get('shop/orders:80', view);
  traffic.admit(1);
  t.equal(store.get('shop/orders:80', { ...view, circuitBreaker: { maxParallelRequests: 1 } }), traffic);
  t.notOk(traffic.admit(1), 'the newest view is in force');
  store.get('shop/cart:80', view);
  store.prune([{ clusters: [{ key: 'shop/orders:80' }] }]);
  t.equal(store.size, 1);
  t.equal(store.get('shop/orders:80', view).requests, 1);
  t.end();
});
