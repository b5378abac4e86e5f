import t from 'tap';
import { resolveBackend } from '../../../../src/resources/compile/resolve-backend.ts';
import { decode, indexOf, parent, route, service } from '../world.ts';

t.test('a backendRef is a Service and one of its ports, or a reason with a sentence', async (t) => {
  const db = service('db', { ports: [{ port: 5432, appProtocol: 'tcp' }] });
  const index = indexOf(service('orders'), service('orders', {}, { namespace: 'pay' }), db);
  const cases: readonly [Record<string, unknown>, string][] = [
    [{ name: 'orders', port: 80 }, 'shop/orders:80'],
    [{ name: 'orders', port: 80, namespace: 'pay' }, 'pay/orders:80'],
    [{ name: 'orders', port: 81 }, 'BackendNotFound the Service shop/orders has no port 81'],
    [{ name: 'gone', port: 80 }, 'BackendNotFound the Service shop/gone does not exist'],
    [{ name: 'orders', port: 80, namespace: 'x' }, 'BackendNotFound the Service x/orders does not exist'],
    [
      { name: 'db', port: 5432 },
      'UnsupportedProtocol port 5432 of the Service shop/db is declared tcp, which is not HTTP',
    ],
    [
      { name: 'a', kind: 'Deployment', group: 'apps' },
      'InvalidKind backends of kind apps/Deployment are not supported, only Service and ServiceEntry are',
    ],
    [
      { name: 'a', kind: 'Pod' },
      'InvalidKind backends of kind Pod are not supported, only Service and ServiceEntry are',
    ],
  ];
  for (const [ref, expected] of cases) {
    const resource = decode(route('r', [{ backendRefs: [ref] }], { parentRefs: [parent('orders')] }));
    const backendRef = resource.kind === 'HTTPRoute' ? resource.spec.rules[0]?.backendRefs[0] : undefined;
    if (resource.kind !== 'HTTPRoute' || backendRef === undefined) throw new Error('no backendRef');
    const result = resolveBackend(index, resource, backendRef);
    const text = result.ok
      ? `${result.value.service.metadata.namespace}/${result.value.service.metadata.name}:${result.value.port.port}`
      : `${result.error.reason} ${result.error.message}`;
    t.equal(text, expected);
  }
});
