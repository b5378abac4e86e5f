import t from 'tap';
import { parent, route, routeTarget, service, trafficPolicy, viewOf } from '../world.ts';

const random = { loadBalancer: { type: 'Random' } };
const roundRobin = { loadBalancer: { type: 'RoundRobin' } };

t.test('one policy decides for a port as a whole: by name, then the oldest', async (t) => {
  const ports = [
    { name: 'http', port: 80 },
    { name: 'admin', port: 81 },
  ];
  const { clusters } = viewOf([
    service('orders', { ports }),
    trafficPolicy('old', [parent('orders')], roundRobin),
    trafficPolicy('young', [parent('orders')], { ...random, hedge: { onPerTryTimeout: true } }),
    trafficPolicy('named', [parent('orders', { sectionName: 'admin' })], { circuitBreaker: { maxConnections: 1 } }),
    trafficPolicy('named-too', [parent('orders', { sectionName: 'admin' })], random),
  ]);
  const http = clusters['shop/orders:80'];
  t.equal(http?.loadBalancer, 'RoundRobin');
  t.notOk(http?.hedgeOnPerTryTimeout, 'the younger policy adds nothing');
  const admin = clusters['shop/orders:81'];
  t.equal(admin?.loadBalancer, 'LeastRequest', 'nor does the one for the whole Service');
  t.same(admin?.circuitBreaker, { maxConnections: 1 });
});

t.test('a port without a name has only policies for the whole Service', async (t) => {
  const { clusters } = viewOf([
    service('orders', { ports: [{ port: 80 }] }),
    trafficPolicy('p', [parent('orders')], random),
  ]);
  t.equal(clusters['shop/orders:80']?.loadBalancer, 'Random');
});

t.test('one policy decides for a rule: by name, then the oldest; other namespaces have no say', async (t) => {
  const delay = (ms: number) => ({ faultInjection: { delay: { fixedDelay: `${ms}ms`, percentage: 100 } } });
  const { ports } = viewOf([
    service('orders'),
    route('r', [{ name: 'main' }, {}, { name: 'beta' }]),
    trafficPolicy('elsewhere', [routeTarget('r')], delay(1), { namespace: 'pay' }),
    trafficPolicy('old', [routeTarget('r')], delay(2)),
    trafficPolicy('young', [routeTarget('r')], delay(3)),
    trafficPolicy('named', [routeTarget('r', 'beta')], delay(4)),
    trafficPolicy('other', [routeTarget('s')], delay(5)),
  ]);
  const delays = ports[0]?.http?.actions.map(({ rule, fault }) => [rule, fault?.delay?.ms]);
  t.same(delays, [
    ['main', 2],
    ['1', 2],
    ['beta', 4],
  ]);
});
