import t from 'tap';
import { many, problemsOf, refuses } from '../refuses.ts';
import { decode, type Manifest, specOf, tcpRoute, tlsRoute } from '../world.ts';

const to = { name: 'db', port: 5432 };

t.test('TCPRoute and TLSRoute: what is refused', async (t) => {
  const cases: readonly [Manifest, string, RegExp][] = [
    [tcpRoute('r', []), 'spec.rules[0].backendRefs', /at least 1/],
    [tcpRoute('r', undefined), 'spec.rules[0].backendRefs', /required/],
    [tcpRoute('r', [{ name: 'db' }]), 'spec.rules[0].backendRefs[0].port', /required for a Service/],
    [tcpRoute('r', [{ ...to, weight: -1 }]), 'spec.rules[0].backendRefs[0].weight', /at least 0/],
    [tcpRoute('r', [{ ...to, filters: [] }]), 'spec.rules[0].backendRefs[0].filters', /unknown field/],
    [
      tcpRoute(
        'r',
        many(17, () => to),
      ),
      'spec.rules[0].backendRefs',
      /at most 16/,
    ],
    [tcpRoute('r', [to], { rules: many(2, () => ({ backendRefs: [to] })) }), 'spec.rules', /must have one rule/],
    [tcpRoute('r', [to], { rules: [] }), 'spec.rules', /at least 1/],
    [tcpRoute('r', [to], { hostnames: ['a'] }), 'spec.hostnames', /unknown field/],
    [tlsRoute('r', ['A.example'], [to]), 'spec.hostnames[0]', /lower case/],
    [tlsRoute('r', ['10.0.0.1'], [to]), 'spec.hostnames[0]', /not an address/],
    [tlsRoute('r', ['a.*.example'], [to]), 'spec.hostnames[0]', /must be a name/],
    [tlsRoute('r', ['*'], [to]), 'spec.hostnames[0]', /must be a name/],
    [tlsRoute('r', ['a.example', 'a.example'], [to]), 'spec.hostnames[1]', /repeats/],
    [
      tlsRoute(
        'r',
        many(1025, (i) => `a${i}.example`),
        [to],
      ),
      'spec.hostnames',
      /at most 1024/,
    ],
  ];
  for (const [manifest, path, words] of cases) refuses(t, manifest, path, words);
});

t.test('TCPRoute and TLSRoute: defaults, and the versions that came before', async (t) => {
  const rules = [{ backendRefs: [{ group: '', kind: 'Service', name: 'db', port: 5432, weight: 1 }] }];
  t.match(specOf(tcpRoute('r', [to])), { rules });
  t.match(specOf(tlsRoute('r', ['*.example'], [to])), { hostnames: ['*.example'], rules });
  t.match(specOf(tlsRoute('r', undefined, [to])), { hostnames: [] }, 'every name, as in v1alpha2');
  for (const version of ['v1', 'v1alpha2', 'v1alpha3']) {
    const manifest = { ...tlsRoute('r', ['a.example'], [to]), apiVersion: `gateway.networking.k8s.io/${version}` };
    t.equal(decode(manifest).apiVersion, 'gateway.networking.k8s.io/v1');
  }
  t.same(problemsOf({ ...tcpRoute('r', [to]), apiVersion: 'gateway.networking.k8s.io/v1alpha2' }), []);
});
