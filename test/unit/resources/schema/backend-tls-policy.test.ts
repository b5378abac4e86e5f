import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { configMapRef, type Manifest, parent, specOf, tlsPolicy } from '../world.ts';

t.test('BackendTLSPolicy: defaults, and everything that the standard allows', async (t) => {
  t.same(specOf(tlsPolicy('p', 'orders', {}, { sectionName: 'http' })), {
    targetRefs: [{ group: '', kind: 'Service', name: 'orders', sectionName: 'http' }],
    validation: {
      caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'authority' }],
      hostname: 'orders.example',
      subjectAltNames: [],
    },
  });
  const system = { caCertificateRefs: [], wellKnownCACertificates: 'System' };
  t.same(problemsOf(tlsPolicy('p', 'orders', system)), []);
  const subjectAltNames = [
    { type: 'Hostname', hostname: 'a.example' },
    { type: 'URI', uri: 'spiffe://mesh/ns/shop/sa/orders' },
  ];
  t.same(problemsOf(tlsPolicy('p', 'orders', { subjectAltNames })), []);
  t.same(problemsOf({ ...tlsPolicy('p', 'orders'), apiVersion: 'gateway.networking.k8s.io/v1alpha3' }), []);
});

t.test('BackendTLSPolicy: every class of refused field', async (t) => {
  const validations: readonly (readonly [Manifest, string, RegExp])[] = [
    [{ hostname: '10.0.0.1' }, 'spec.validation.hostname', /not an address/],
    [{ hostname: '*.example' }, 'spec.validation.hostname', /lower-case letters/],
    [{ hostname: '' }, 'spec.validation.hostname', /./],
    [{ caCertificateRefs: [] }, 'spec.validation', /say whom to trust/],
    [{ wellKnownCACertificates: 'System' }, 'spec.validation', /exclude each other/],
    [
      { caCertificateRefs: [], wellKnownCACertificates: 'Mozilla' },
      'spec.validation.wellKnownCACertificates',
      /only System/,
    ],
    [
      { caCertificateRefs: [{ group: '', kind: 'Secret', name: 'x' }] },
      'spec.validation.caCertificateRefs[0].kind',
      /only ConfigMaps/,
    ],
    [
      { caCertificateRefs: Array.from({ length: 9 }, () => configMapRef('a')) },
      'spec.validation.caCertificateRefs',
      /8/,
    ],
    [
      { subjectAltNames: [{ type: 'URI', hostname: 'a.example' }] },
      'spec.validation.subjectAltNames[0].uri',
      /goes with uri/,
    ],
    [{ subjectAltNames: [{ type: 'URI', uri: 'orders' }] }, 'spec.validation.subjectAltNames[0].uri', /absolute URI/],
    [
      { subjectAltNames: [{ type: 'Hostname', hostname: '*.example' }] },
      'spec.validation.subjectAltNames[0].hostname',
      /wildcards/,
    ],
    [{ subjectAltNames: [{ type: 'Email' }] }, 'spec.validation.subjectAltNames[0].type', /./],
    [{ mode: 'x' }, 'spec.validation.mode', /unknown field/],
  ];
  for (const [validation, path, words] of validations) refuses(t, tlsPolicy('p', 'orders', validation), path, words);
  const good = tlsPolicy('p', 'orders');
  const withSpec = (more: Manifest): Manifest => ({ ...good, spec: { ...(good['spec'] as Manifest), ...more } });
  refuses(t, withSpec({ targetRefs: [] }), 'spec.targetRefs', /at least 1/);
  refuses(t, withSpec({ targetRefs: [parent('a'), parent('a')] }), 'spec.targetRefs[1]', /repeats/);
  t.same(problemsOf(withSpec({ targetRefs: [parent('a', { sectionName: 'x' }), parent('a')] })), []);
  refuses(t, withSpec({ targetRefs: [{ kind: 'Service', name: 'a' }] }), 'spec.targetRefs[0].group', /./);
  refuses(t, withSpec({ options: { a: 'b' } }), 'spec.options', /no options/);
});
