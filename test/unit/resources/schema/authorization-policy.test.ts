import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { authorizationPolicy, type Manifest, specOf } from '../world.ts';

const FULL = {
  selector: { matchLabels: { app: 'cart' } },
  action: 'ALLOW',
  rules: [
    {
      from: [
        {
          source: {
            principals: ['mesh/ns/shop/sa/web', 'mesh/ns/pay/*', '*/sa/admin', '*'],
            notPrincipals: ['mesh/ns/shop/sa/bad'],
            requestPrincipals: ['https://id.example/*'],
            notRequestPrincipals: ['*'],
            namespaces: ['shop', 'test-*'],
            notNamespaces: ['prod'],
            trustDomains: ['mesh'],
            notTrustDomains: ['other'],
            ipBlocks: ['10.0.0.0/8', 'fd00::1'],
            notIpBlocks: ['10.1.2.3'],
            remoteIpBlocks: ['0.0.0.0/0'],
            notRemoteIpBlocks: ['::/0'],
          },
        },
        { source: { serviceAccounts: ['shop/web', 'web'], notServiceAccounts: ['bad'] } },
      ],
      to: [
        {
          operation: {
            hosts: ['cart.example', '*.example', 'cart.example:8080'],
            notHosts: ['bad.example'],
            ports: ['80', '65535'],
            notPorts: ['22'],
            methods: ['GET', 'P*'],
            notMethods: ['DELETE'],
            paths: ['/api/*', '*.html', '*', '/a/{*}/b/{**}', '/x'],
            notPaths: ['/admin'],
          },
        },
      ],
      when: [
        { key: 'request.headers[X-Group]', values: ['beta'] },
        { key: 'request.auth.claims[realm][roles]', values: ['admin'], notValues: ['guest'] },
        { key: 'source.ip', values: ['10.0.0.0/8'] },
        { key: 'destination.port', notValues: ['80'] },
      ],
    },
    {},
  ],
};

t.test('AuthorizationPolicy: every field as Istio writes it', async (t) => {
  t.same(specOf(authorizationPolicy('p', FULL)), FULL);
  t.same(specOf(authorizationPolicy('p', {})), { action: 'ALLOW', rules: [] });
  for (const action of ['DENY', 'AUDIT']) {
    const spec = { action, rules: [{}] };
    t.same(specOf(authorizationPolicy('p', spec)), spec);
  }
  const targets = [
    { group: '', kind: 'Service', name: 'cart' },
    { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'se' },
  ];
  t.match(specOf(authorizationPolicy('p', { targetRefs: targets })), { targetRefs: targets });
  t.match(specOf(authorizationPolicy('p', { targetRefs: [{ kind: 'Service', name: 'cart' }] })), {
    targetRefs: [{ group: '' }],
  });
  t.same(problemsOf({ ...authorizationPolicy('p', {}), apiVersion: 'security.istio.io/v1beta1' }), []);
});

t.test('AuthorizationPolicy: the annotation of a dry run', async (t) => {
  const annotated = (value: string): Manifest =>
    authorizationPolicy('p', {}, { annotations: { 'istio.io/dry-run': value } });
  t.same(problemsOf(annotated('true')), []);
  t.same(problemsOf(annotated('false')), []);
  refuses(t, annotated('yes'), 'metadata.annotations["istio.io/dry-run"]', /"true" or "false"/);
});

const source = (fields: Manifest): Manifest => ({ rules: [{ from: [{ source: fields }] }] });
const operation = (fields: Manifest): Manifest => ({ rules: [{ to: [{ operation: fields }] }] });
const when = (fields: Manifest): Manifest => ({ rules: [{ when: [fields] }] });
const FROM = 'spec.rules[0].from[0].source';
const TO = 'spec.rules[0].to[0].operation';
const WHEN = 'spec.rules[0].when[0]';

t.test('AuthorizationPolicy: every class of refused field', async (t) => {
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ action: 'CUSTOM', rules: [{}] }, 'spec.action', /CUSTOM is not supported/],
    [{ provider: { name: 'x' } }, 'spec.provider', /CUSTOM is not supported/],
    [{ action: 'allow' }, 'spec.action', /one of/],
    [{ action: 'DENY' }, 'spec.rules', /never matches/],
    [{ action: 'AUDIT', rules: [] }, 'spec.rules', /never matches/],
    [{ selector: {}, targetRefs: [{ kind: 'Service', name: 'x' }] }, 'spec.targetRefs', /exclude each other/],
    [{ targetRef: { name: 'x' } }, 'spec.targetRef', /targetRefs, a list/],
    [{ targetRefs: [] }, 'spec.targetRefs', /at least 1/],
    [
      { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'x' }] },
      'spec.targetRefs[0].kind',
      /no gateways/,
    ],
    [{ rules: [{ from: [] }] }, 'spec.rules[0].from', /at least 1/],
    [{ rules: [{ to: [] }] }, 'spec.rules[0].to', /at least 1/],
    [{ rules: [{ form: [] }] }, 'spec.rules[0].form', /did you mean "from"/],
    [source({}), FROM, /must say something/],
    [source({ principals: [] }), `${FROM}.principals`, /at least 1/],
    [source({ principals: [''] }), `${FROM}.principals[0]`, /at least 1/],
    [source({ principals: ['spiffe://mesh/ns/a/sa/b'] }), `${FROM}.principals[0]`, /without a scheme/],
    [source({ principals: ['a*b'] }), `${FROM}.principals[0]`, /no other/],
    [source({ principals: ['*a*'] }), `${FROM}.principals[0]`, /no other/],
    [source({ namespaces: ['Shop'] }), `${FROM}.namespaces[0]`, /name of a namespace/],
    [source({ serviceAccounts: ['shop/*'] }), `${FROM}.serviceAccounts[0]`, /without "\*"/],
    [source({ serviceAccounts: ['a'], namespaces: ['b'] }), FROM, /cannot stand beside/],
    [source({ ipBlocks: ['10.0.0.0/33'] }), `${FROM}.ipBlocks[0]`, /IP address or a range/],
    [source({ ipBlocks: ['host'] }), `${FROM}.ipBlocks[0]`, /IP address or a range/],
    [source({ principles: ['a'] }), `${FROM}.principles`, /did you mean "principals"/],
    [operation({}), TO, /must say something/],
    [operation({ ports: [80] }), `${TO}.ports[0]`, /put it in quotes/],
    [operation({ ports: ['http'] }), `${TO}.ports[0]`, /port number/],
    [operation({ ports: ['65536'] }), `${TO}.ports[0]`, /at most 65535/],
    [operation({ paths: ['api'] }), `${TO}.paths[0]`, /begin with/],
    [operation({ paths: ['/a?b'] }), `${TO}.paths[0]`, /without their query/],
    [operation({ paths: ['/a*b'] }), `${TO}.paths[0]`, /no other/],
    [operation({ paths: ['/a b'] }), `${TO}.paths[0]`, /percent-encoded/],
    [operation({ paths: ['/{**}/foo/{*}'] }), `${TO}.paths[0]`, /last operator/],
    [operation({ paths: ['/foo/{*}.txt'] }), `${TO}.paths[0]`, /whole segments/],
    [operation({ paths: ['/*/baz/{*}'] }), `${TO}.paths[0]`, /whole segments/],
    [operation({ paths: ['/{name}'] }), `${TO}.paths[0]`, /whole segments/],
    [operation({ hosts: ['http://x'] }), `${TO}.hosts[0]`, /Host header/],
    [operation({ methods: ['GET '] }), `${TO}.methods[0]`, /must be a method/],
    [when({ key: 'source.ip' }), WHEN, /values or notValues/],
    [when({ key: 'source.adress', values: ['x'] }), `${WHEN}.key`, /is no attribute; there are source\.ip/],
    [when({ key: 'experimental.envoy.filters.a', values: ['x'] }), `${WHEN}.key`, /is no attribute/],
    [when({ key: 'request.headers[]', values: ['x'] }), `${WHEN}.key`, /name one header/],
    [when({ key: 'request.headers[a][b]', values: ['x'] }), `${WHEN}.key`, /name one header/],
    [when({ key: 'request.auth.claims', values: ['x'] }), `${WHEN}.key`, /name a claim/],
    [when({ key: 'source.ip', values: ['x'] }), `${WHEN}.values[0]`, /IP address/],
    [when({ key: 'destination.port', notValues: ['x'] }), `${WHEN}.notValues[0]`, /port number/],
  ];
  for (const [spec, path, words] of cases) refuses(t, authorizationPolicy('p', spec), path, words);
});
