import t from 'tap';
import { findFrontend } from '../../../src/resources/find-frontend.ts';
import { indexOf, service, serviceEntry } from './world.ts';

t.test('a reference is a frontend by group, kind and key, or a reason with a sentence', async (t) => {
  const index = indexOf(service('orders'), serviceEntry('vendor', {}));
  const found = findFrontend(index, { group: '', kind: 'Service' }, 'shop/orders');
  t.match(found, { ok: true, value: { kind: 'Service', metadata: { name: 'orders' } } });
  if (found.ok) t.same(found.value.spec.ports, [{ name: 'http', port: 80, targetPort: 8080 }]);
  const entry = findFrontend(index, { group: 'networking.istio.io', kind: 'ServiceEntry' }, 'shop/vendor');
  const ports = [{ name: 'tls', port: 443, targetPort: 443, appProtocol: 'tls' }];
  t.match(entry, { ok: true, value: { kind: 'ServiceEntry', spec: { ports } } });
  const cases: readonly [string, string, string, string][] = [
    ['', 'Service', 'shop/gone', 'NotFound the Service shop/gone does not exist'],
    ['networking.istio.io', 'ServiceEntry', 'shop/orders', 'NotFound the ServiceEntry shop/orders does not exist'],
    ['', 'Service', 'shop/vendor', 'NotFound the Service shop/vendor does not exist'],
    [
      'apps',
      'Service',
      'shop/orders',
      'InvalidKind backends of kind apps/Service are not supported, only Service and ServiceEntry are',
    ],
    ['', 'Pod', 'shop/orders', 'InvalidKind backends of kind Pod are not supported, only Service and ServiceEntry are'],
  ];
  for (const [group, kind, key, expected] of cases) {
    const result = findFrontend(index, { group, kind }, key);
    t.equal(result.ok ? 'found' : `${result.error.reason} ${result.error.message}`, expected);
  }
});
