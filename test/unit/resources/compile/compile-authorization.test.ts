import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { hostViewSchema } from '../../../../src/contract/host-view.ts';
import { applicable } from '../../../../src/resources/compile/applicable-policies.ts';
import { compileHost, type HostViewBody } from '../../../../src/resources/index.ts';
import { exampleVersion } from '../../../helpers/example-views.ts';
import { authorizationPolicy, endpoint, indexOf, type Manifest, requestAuthentication, service } from '../world.ts';

const ROOT = { namespace: 'istio-system' };
const SELECTED = { selector: { matchLabels: { app: 'orders' } } };

function compile(world: readonly Manifest[], workloads = [endpoint('w')]): HostViewBody {
  const body = compileHost(indexOf(...world), workloads);
  // What is published is what the agent's schema takes, to the last member.
  t.same(hostViewSchema.parse({ version: exampleVersion(1), ...body }), { version: exampleVersion(1), ...body });
  return body;
}

const policiesOf = (body: HostViewBody): string[] =>
  (body.workloads[0]?.authorization ?? []).map(({ policy }) => body.authorizationPolicies?.[policy]?.policy ?? '?');

t.test('which policies hold for a workload: the mesh, its namespace, its labels', async (t) => {
  const world = [
    authorizationPolicy('all', {}),
    authorizationPolicy('mine', SELECTED),
    authorizationPolicy('others', { selector: { matchLabels: { app: 'other' } } }),
    authorizationPolicy('elsewhere', {}, { namespace: 'pay' }),
    authorizationPolicy('mesh', {}, ROOT),
    authorizationPolicy('mesh-mine', SELECTED, ROOT),
  ];
  const body = compile(world);
  t.same(policiesOf(body), ['istio-system/mesh', 'istio-system/mesh-mine', 'shop/all', 'shop/mine']);
  t.match(body.others, [{ namespace: 'shop', authorization: [{}, {}] }], 'ports that nobody claims');
  t.same(compile([]).authorizationPolicies, undefined);
});

t.test('each policy is told once, however many workloads it holds for', async (t) => {
  const body = compile([authorizationPolicy('all', {})], [endpoint('b'), endpoint('a')]);
  t.equal(body.authorizationPolicies?.length, 1);
  t.match(body.workloads, [
    { name: 'a', authorization: [{ policy: 0 }] },
    { name: 'b', authorization: [{ policy: 0 }] },
  ]);
});

t.test('a policy for a Service is for the ports of the workloads behind it', async (t) => {
  const target = { targetRefs: [{ kind: 'Service', name: 'orders' }] };
  const world = [service('orders'), service('other'), authorizationPolicy('p', target)];
  t.same(compile(world).workloads[0]?.authorization, [{ policy: 0, ports: [8080] }]);
  t.same(compile(world, [endpoint('w', { labels: { app: 'other' } })]).workloads, []);
  t.same(compile([authorizationPolicy('p', target)]).workloads, [], 'the Service is not there');
});

t.test('every field is a clause about one attribute', async (t) => {
  const rules = [
    {
      from: [
        { source: { principals: ['a/ns/b/sa/c'], notNamespaces: ['x'] } },
        { source: { serviceAccounts: ['web', 'pay/db'] } },
      ],
      to: [{ operation: { paths: ['/a'], notMethods: ['GET'], ports: ['80'], hosts: ['h'] } }],
      when: [{ key: 'request.headers[X-A]', values: ['1'], notValues: ['2'] }],
    },
  ];
  const body = compile([
    authorizationPolicy('p', { action: 'DENY', rules }, { annotations: { 'istio.io/dry-run': 'true' } }),
  ]);
  const clause = (attribute: string, values: string[], not = false, key: string[] = []) => ({
    attribute,
    key,
    values,
    not,
  });
  t.same(body.authorizationPolicies, [
    {
      policy: 'shop/p',
      action: 'DENY',
      dryRun: true,
      rules: [
        {
          from: [
            [clause('source.principal', ['a/ns/b/sa/c']), clause('source.namespace', ['x'], true)],
            [clause('source.serviceAccount', ['shop/web', 'pay/db'])],
          ],
          to: [
            [
              clause('request.host', ['h']),
              clause('destination.port', ['80']),
              clause('request.method', ['GET'], true),
              clause('request.path', ['/a']),
            ],
          ],
          when: [clause('request.headers', ['1'], false, ['X-A']), clause('request.headers', ['2'], true, ['X-A'])],
        },
      ],
    },
  ]);
});

t.test('tokens: keys that are written, fetched, or found by discovery', async (t) => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  const body = compile([
    requestAuthentication('r', [
      { issuer: 'me', jwks: JSON.stringify({ keys: [key] }) },
      { issuer: 'https://a.example', jwksUri: 'https://a.example/keys', timeout: '2s' },
      { issuer: 'https://b.example/', spaceDelimitedClaims: ['roles'] },
    ]),
  ]);
  t.same(body.workloads[0]?.authentication, [{ policy: 0 }]);
  t.match(body.jwtRules, [
    [
      { policy: 'shop/r', issuer: 'me', keys: [key] },
      { keys: { type: 'jwks', url: 'https://a.example/keys', timeoutMs: 2_000 } },
      {
        keys: { type: 'issuer', url: 'https://b.example/.well-known/openid-configuration', timeoutMs: 5_000 },
        spaceDelimitedClaims: ['scope', 'permission', 'roles'],
      },
    ],
  ]);
});

t.test('a selector must be met whole', async (t) => {
  const index = indexOf(authorizationPolicy('p', { selector: { matchLabels: { app: 'orders', v: '1' } } }));
  const policies = index.authorizationPolicies('shop').map(({ resource }) => resource);
  t.equal(applicable(index, policies, endpoint('w')).length, 0);
  t.equal(applicable(index, policies, endpoint('w', { labels: { app: 'orders', v: '1', x: 'y' } })).length, 1);
});
