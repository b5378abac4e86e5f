import t from 'tap';
import { findFrontend, portsOf } from '../../../src/resources/find-frontend.ts';
import { indexOf, service } from './world.ts';

t.test('a reference is a frontend by group, kind and key, or a reason with a sentence', async (t) => {
  const index = indexOf(service('orders'));
  const found = findFrontend(index, { group: '', kind: 'Service' }, 'shop/orders');
  t.match(found, { ok: true, value: { kind: 'Service', metadata: { name: 'orders' } } });
  if (found.ok) t.same(portsOf(found.value), [{ name: 'http', port: 80, targetPort: 8080 }]);
  const cases: readonly [string, string, string, string][] = [
    ['', 'Service', 'shop/gone', 'NotFound the Service shop/gone does not exist'],
    ['networking.istio.io', 'ServiceEntry', 'shop/orders', 'NotFound the ServiceEntry shop/orders does not exist'],
    ['apps', 'Service', 'shop/orders', 'InvalidKind backends of kind apps/Service are not supported, only Service is'],
    ['', 'Pod', 'shop/orders', 'InvalidKind backends of kind Pod are not supported, only Service is'],
  ];
  for (const [group, kind, key, expected] of cases) {
    const result = findFrontend(index, { group, kind }, key);
    t.equal(result.ok ? 'found' : `${result.error.reason} ${result.error.message}`, expected);
  }
});
