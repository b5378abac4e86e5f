import t from 'tap';
import { explainQuestionSchema } from '../../../../src/contract/decision-trace.ts';
import { explainRequest } from '../../../../src/proxy/explain/explain-request.ts';
import { exampleVersion } from '../../../helpers/example-views.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';

const rig = new ProxyRig();
t.teardown(() => rig.end());
rig.context.table.setInbound([
  { namespace: 'shop', name: 'orders', ports: [{ name: 'http', port: 8080, protocol: 'auto' }] },
]);
const clause = (attribute: 'source.namespace' | 'request.path' | 'connection.sni', value: string) => ({
  attribute,
  key: [],
  values: [value],
  not: false,
});

function ask(question: object): unknown {
  let found: unknown;
  explainRequest(rig.context, explainQuestionSchema.parse(question), (answer) => {
    found = answer;
  });
  return found;
}

t.test('without policies whatever arrives is allowed', async (t) => {
  t.match(ask({ authority: 'orders:8080', arrives: {} }), {
    trace: {
      target: { type: 'workload', service: 'shop/orders', sentence: /allowed, since no policy is for it/ },
      access: [],
    },
  });
  t.match(ask({ authority: 'orders', arrives: {} }), { trace: { target: { sentence: /no workload claims/ } } });
});

t.test('each policy is told rule by rule, and nothing is counted', async (t) => {
  rig.context.hostPolicies.set({
    version: exampleVersion(1),
    workloads: [{ namespace: 'shop', name: 'orders', authorization: [{ policy: 0 }, { policy: 1 }] }],
    authorizationPolicies: [
      {
        policy: 'shop/deny',
        action: 'DENY',
        dryRun: false,
        rules: [{ from: [], to: [[clause('request.path', '/admin')]], when: [] }],
      },
      {
        policy: 'shop/allow',
        action: 'ALLOW',
        dryRun: false,
        rules: [{ from: [[clause('source.namespace', 'shop')]], to: [], when: [] }],
      },
    ],
  });
  const question = {
    authority: 'orders:8080',
    path: '/x',
    arrives: { principal: 'mesh/ns/shop/sa/web', source: '10.0.0.1' },
  };
  t.match(ask(question), {
    trace: {
      decision: { type: 'forward' },
      access: [
        { policy: 'shop/deny', rules: [{ rule: 0, failed: 'to[0]: request.path is none of /admin' }] },
        { policy: 'shop/allow', rules: [{ rule: 0, failed: '' }] },
      ],
    },
  });
  t.match(ask({ ...question, path: '/x/../admin' }), {
    trace: { decision: { type: 'answer', status: 403, sentence: /shop\/deny/ }, target: { sentence: /answered 403/ } },
  });
  t.match(ask({ ...question, arrives: {} }), {
    trace: {
      decision: {
        status: 403,
        sentence: /nearest is rule 0 of shop\/allow: from\[0\]: source\.namespace is none of shop/,
      },
    },
  });
  t.equal(rig.count('towpath_authorization_total'), 0);
});

t.test('under mutual TLS the server name is what was dialled', async (t) => {
  const rules = [{ from: [], to: [], when: [clause('connection.sni', 'orders.shop')] }];
  rig.context.hostPolicies.set({
    version: exampleVersion(2),
    workloads: [{ namespace: 'shop', name: 'orders', authorization: [{ policy: 0 }] }],
    authorizationPolicies: [{ policy: 'shop/sni', action: 'ALLOW', dryRun: false, rules }],
  });
  const arrives = { principal: 'mesh/ns/shop/sa/web' };
  const decided = (type: string) => ({ trace: { decision: { type } } });
  t.match(ask({ authority: 'Orders.shop:8080', arrives }), decided('forward'));
  t.match(ask({ authority: 'other.shop:8080', arrives }), decided('answer'));
  t.match(ask({ authority: 'orders.shop:8080', arrives: {} }), decided('answer'), 'in plain text there is none');
});

t.test('PeerAuthentication is asked first: what it refuses is reset', async (t) => {
  rig.context.hostPolicies.set({
    version: exampleVersion(9),
    workloads: [{ namespace: 'shop', name: 'orders', mtls: { mode: 'STRICT', policy: 'shop/strict' } }],
  });
  const sentence = /^PeerAuthentication shop\/strict \(STRICT\) accepts mutual TLS of the mesh alone/;
  t.match(ask({ authority: 'orders:8080', arrives: {} }), {
    trace: { decision: { type: 'reset', flag: 'NR', sentence }, target: { sentence: /^shop\/orders port 8080: Peer/ } },
  });
  const principal = 'mesh/ns/shop/sa/web';
  t.match(ask({ authority: 'orders:8080', arrives: { principal } }), { trace: { decision: { type: 'forward' } } });
  t.match(
    ask({ authority: 'orders:9', arrives: {} }),
    { trace: { decision: { type: 'forward' } } },
    'nobody claims it',
  );
});

t.test('rate limits are told with the bucket that they would count in, and count nothing', async (t) => {
  const limit = { requests: 1, windowMs: 60_000 };
  const rule = { service: 'shop/orders', scope: 'local', limit } as const;
  const rules = [
    { ...rule, id: 'shop/q/local/0@shop/orders', by: [{ type: 'caller' }] },
    { ...rule, id: 'shop/q/local/1@shop/orders', by: [], sources: '10.9.0.0/16' },
  ] as const;
  rig.context.rateLimits.set({
    version: exampleVersion(9),
    workloads: [{ namespace: 'shop', name: 'orders', limits: [{ port: 9090, rules }] }],
  });
  const question = { authority: 'x:9090', arrives: { principal: 'mesh/ns/shop/sa/web', source: '10.0.0.1' } };
  for (let i = 0; i < 3; i++)
    t.match(ask(question), {
      trace: {
        limits: [
          { rule: 'shop/q/local/0', counts: true, bucket: 'mtls:mesh/ns/shop/sa/web', requests: 1, windowMs: 60_000 },
          { rule: 'shop/q/local/1', counts: false, bucket: '' },
        ],
      },
    });
  t.equal(rig.count('towpath_rate_limit_requests_total'), 0);
});
