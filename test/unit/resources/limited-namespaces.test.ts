import t from 'tap';
import { limitedNamespaces } from '../../../src/resources/limited-namespaces.ts';
import { decode, indexOf, parent, service, trafficPolicy } from './world.ts';

const LIMITED = trafficPolicy('p', [parent('orders')], {
  rateLimit: { local: { rules: [{ limit: { requests: 1, unit: 'Second' } }] } },
});

t.test('only changes around a limited Service touch the views of hosts', async (t) => {
  const endpoint = (app: string) => ({
    ...{ host: 'h', namespace: 'shop', name: 'w', labels: { app }, address: '10.0.0.1', ports: {}, weight: 1 },
    healthy: true,
  });
  const limited = indexOf(service('orders'), service('web'), LIMITED);
  const free = indexOf(service('orders'));
  const of = (index: typeof free, after: Parameters<typeof limitedNamespaces>[1]) => limitedNamespaces(index, after);
  t.same(of(limited, { type: 'endpoint', before: null, after: endpoint('orders') }), ['shop']);
  t.same(of(limited, { type: 'endpoint', before: null, after: endpoint('web') }), []);
  t.same(of(free, { type: 'endpoint', before: null, after: endpoint('orders') }), []);
  t.same(of(limited, { type: 'resource', before: decode(service('orders')), after: null }), ['shop']);
  t.same(of(limited, { type: 'resource', before: null, after: decode(service('web')) }), []);
  t.same(of(free, { type: 'resource', before: decode(LIMITED), after: null }), ['shop']);
});
