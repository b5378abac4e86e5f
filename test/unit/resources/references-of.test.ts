import t from 'tap';
import { decodeResources } from '../../../src/resources/decode-resources.ts';
import { referencesOf } from '../../../src/resources/references-of.ts';

function references(text: string) {
  const decoded = decodeResources(text, '');
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
  return decoded.value.map(referencesOf);
}

t.test('parents, backends of rules and filters, targets and certificates, each once', async (t) => {
  const [route, policy, service] = references(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: orders}]
  rules:
    - backendRefs: [{name: a, port: 80}, {name: b, namespace: other, port: 80}]
      filters: [{type: RequestMirror, requestMirror: {backendRef: {name: copy, port: 80}}}]
    - backendRefs: [{name: a, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: p, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: orders}]
  validation: {hostname: x.example, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]}
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{port: 80}]}
`);
  t.same(route, [
    { id: 'Service.shop.orders', by: 'parentRefs' },
    { id: 'Service.shop.copy', by: 'backendRef' },
    { id: 'Service.shop.a', by: 'backendRefs' },
    { id: 'Service.other.b', by: 'backendRefs' },
  ]);
  t.same(policy, [
    { id: 'Service.shop.orders', by: 'targetRefs' },
    { id: 'ConfigMap.shop.ca', by: 'caCertificateRefs' },
  ]);
  t.same(service, []);
});
