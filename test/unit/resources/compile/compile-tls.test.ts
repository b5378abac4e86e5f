import t from 'tap';
import { affectedServices, analyzeResources, conditionsOf, type ResourceId } from '../../../../src/resources/index.ts';
import {
  AUTHORITY_PEM,
  configMap,
  configMapRef,
  decode,
  indexOf,
  type Manifest,
  parent,
  route,
  service,
  tlsPolicy,
  viewOf,
} from '../world.ts';

const PORTS = {
  ports: [
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'admin', port: 81, targetPort: 8081 },
  ],
};
const orders = service('orders', PORTS);
const authority = configMap('authority', { 'ca.crt': AUTHORITY_PEM });

function tlsOf(manifests: Manifest[], key = 'shop/orders:80'): unknown {
  return viewOf(manifests).clusters[key]?.tls;
}

t.test('without a policy nothing is said of TLS, so that views stay what they were', async (t) => {
  const view = viewOf([orders, authority]);
  t.notOk(JSON.stringify(view).includes('tls'));
});

t.test('a policy for a Service applies to all of its ports, one for a port to that port', async (t) => {
  const trusted = { type: 'certificates', pem: AUTHORITY_PEM };
  const expected = { serverName: 'orders.example', hosts: ['orders.example'], uris: [], trusted };
  const all = [orders, authority, tlsPolicy('p', 'orders')];
  t.same(tlsOf(all), expected);
  t.same(tlsOf(all, 'shop/orders:81'), expected);
  const one = [orders, authority, tlsPolicy('p', 'orders', {}, { sectionName: 'admin' })];
  t.equal(tlsOf(one), undefined);
  t.same(tlsOf(one, 'shop/orders:81'), expected);
});

t.test('a policy for the port by name wins, then the oldest; the others say so', async (t) => {
  const old = tlsPolicy('old', 'orders', { hostname: 'old.example' });
  const young = tlsPolicy('young', 'orders', { hostname: 'young.example' });
  const named = tlsPolicy('named', 'orders', { hostname: 'named.example' }, { sectionName: 'http' });
  const manifests = [orders, authority, old, young, named];
  t.match(tlsOf(manifests), { serverName: 'named.example' });
  t.match(tlsOf(manifests, 'shop/orders:81'), { serverName: 'old.example' });
  const index = indexOf(...manifests);
  const told = (id: ResourceId): string[] =>
    conditionsOf(index, id).map((c) => `${c.parent} ${c.type}=${c.status}/${c.reason}`);
  t.same(told('BackendTLSPolicy.shop.old'), [
    'shop/orders Accepted=True/Accepted',
    'shop/orders ResolvedRefs=True/ResolvedRefs',
  ]);
  t.same(told('BackendTLSPolicy.shop.young')[0], 'shop/orders Accepted=False/Conflicted');
  t.same(told('BackendTLSPolicy.shop.named')[0], 'shop/orders:http Accepted=True/Accepted');
  t.match(
    analyzeResources(index).map((f) => `${f.level} ${f.code} ${f.path}`),
    [/^warning TWP1105 BackendTLSPolicy shop\/young: spec.targetRefs\[0\]/],
  );
});

t.test('names of the certificate, and the authorities of the system', async (t) => {
  const subjectAltNames = [
    { type: 'Hostname', hostname: 'a.example' },
    { type: 'URI', uri: 'spiffe://mesh/orders' },
  ];
  const validation = { caCertificateRefs: [], wellKnownCACertificates: 'System', subjectAltNames };
  t.same(tlsOf([orders, tlsPolicy('p', 'orders', validation)]), {
    serverName: 'orders.example',
    hosts: ['a.example'],
    uris: ['spiffe://mesh/orders'],
    trusted: { type: 'system' },
  });
});

t.test('certificates that cannot be had make the policy unusable, never void', async (t) => {
  const cases: readonly (readonly [Manifest | null, RegExp])[] = [
    [null, /^the ConfigMap shop\/authority with ca\.crt does not exist$/],
    [configMap('authority', { 'tls.crt': AUTHORITY_PEM }), /does not exist/],
    [configMap('authority', { 'ca.crt': 'hello' }), /holds no certificate in PEM form/],
    [
      configMap('authority', { 'ca.crt': `${AUTHORITY_PEM}${AUTHORITY_PEM.replace('MII', '===')}` }),
      /certificate 2 in ca\.crt .* is damaged/,
    ],
    [configMap('authority', { 'ca.crt': AUTHORITY_PEM.repeat(150) }), /exceed 64 KiB/],
    [configMap('authority', { 'ca.crt': AUTHORITY_PEM }, { namespace: 'other' }), /does not exist/],
  ];
  for (const [map, sentence] of cases) {
    const manifests = [orders, tlsPolicy('p', 'orders'), ...(map === null ? [] : [map])];
    t.match(tlsOf(manifests), { trusted: { type: 'unusable', sentence } });
    const index = indexOf(...manifests);
    const conditions = conditionsOf(index, 'BackendTLSPolicy.shop.p');
    t.match(conditions, [
      { type: 'Accepted', status: 'False', reason: 'NoValidCACertificate' },
      { type: 'ResolvedRefs', status: 'False', reason: 'InvalidCACertificateRef', message: sentence },
    ]);
    t.match(analyzeResources(index), [{ level: 'error', code: 'TWP1110', message: sentence }]);
  }
});

t.test('a target that is not there', async (t) => {
  const index = indexOf(
    orders,
    authority,
    tlsPolicy('p', 'gone'),
    tlsPolicy('q', 'orders', {}, { sectionName: 'none' }),
  );
  t.match(conditionsOf(index, 'BackendTLSPolicy.shop.p'), [{ reason: 'TargetNotFound', parent: 'shop/gone' }]);
  t.match(conditionsOf(index, 'BackendTLSPolicy.shop.q'), [{ reason: 'TargetNotFound', parent: 'shop/orders:none' }]);
  t.match(
    analyzeResources(index).map(({ code }) => code),
    ['TWP0101', 'TWP0101'],
  );
  t.match(conditionsOf(index, 'ConfigMap.shop.authority'), [{ type: 'Accepted', status: 'True' }]);
});

t.test('several ConfigMaps are trusted together, and a change of one touches who depends on it', async (t) => {
  const refs = { caCertificateRefs: [configMapRef('authority'), configMapRef('second')] };
  const second = configMap('second', { 'ca.crt': AUTHORITY_PEM });
  const front = service('front');
  const toOrders = route('r', [{ backendRefs: [{ name: 'orders', port: 80 }] }], { parentRefs: [parent('front')] });
  const manifests = [orders, front, toOrders, authority, second, tlsPolicy('p', 'orders', refs)];
  t.match(tlsOf(manifests), { trusted: { pem: `${AUTHORITY_PEM}${AUTHORITY_PEM}` } });
  const index = indexOf(...manifests);
  const change = (manifest: Manifest) => ({ type: 'resource' as const, before: null, after: decode(manifest) });
  t.same(affectedServices(index, change(second)), ['shop/front', 'shop/orders']);
  t.same(affectedServices(index, change(configMap('unused', {}))), []);
  t.same(affectedServices(index, change(tlsPolicy('p', 'orders', refs))), ['shop/front', 'shop/orders']);
});
