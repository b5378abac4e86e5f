import t from 'tap';
import { formatTrace } from '../../../src/cli/format-trace.ts';
import type { DecisionTrace, EndpointTrace } from '../../../src/contract/decision-trace.ts';

const NOTHING: DecisionTrace = {
  request: { method: 'GET', authority: 'orders.shop', path: '/' },
  target: {
    type: 'service',
    service: 'shop/orders',
    port: 80,
    protocol: 'http1',
    virtualIps: [],
    version: null,
    sentence: 'x',
  },
  routing: 'none',
  tried: [],
  untold: { before: 0, after: 0 },
  action: null,
  backends: [],
  decision: null,
};
const told = (trace: Partial<DecisionTrace>): string => formatTrace({ ...NOTHING, ...trace }, '', { colour: false });
const identity = 'spiffe://mesh/ns/shop/sa/orders';
const endpoint = (more: Partial<EndpointTrace>): string => {
  const endpoints = [{ address: '10.0.0.1:80', workload: 'shop/o1', weight: 1, ...more }];
  return told({ backends: [{ cluster: 'shop/orders:80', share: 100, policies: {}, endpoints, more: 0 }] });
};
const state = { active: 2, idleConnections: 0, problem: null };

t.test('an endpoint says how it is reached', async (t) => {
  t.match(endpoint({}), /- 10\.0\.0\.1:80 \(shop\/o1\) weight 1\n/);
  t.match(endpoint({ identity }), `weight 1, ${identity} by mutual TLS\n`);
  t.match(
    endpoint({ identity, state: { ...state, mutualTls: true } }),
    `weight 1, ${identity} by mutual TLS, active 2, idleConnections 0\n`,
  );
  t.match(
    endpoint({ identity, state: { ...state, mutualTls: false } }),
    `${identity} in plain text, since this host takes no part in mutual TLS, active 2`,
  );
});

t.test('each kind of decision is told', async (t) => {
  t.match(told({ decision: { type: 'reset', flag: 'NR', sentence: 'why' } }), 'connection reset (NR): why');
  t.match(told({ decision: { type: 'answer', flag: 'NC', status: 500, sentence: 'why' } }), 'answered 500 (NC): why');
  t.match(
    told({ decision: { type: 'forward', endpoint: '10.0.0.1:80', cluster: 'c', route: '' } }),
    'this time to 10.0.0.1:80 of c',
  );
});

t.test('rate limits say whom they count', async (t) => {
  const limit = {
    rule: 'shop/q/global/0',
    counts: true,
    bucket: 'mtls:mesh/ns/shop/sa/web',
    requests: 1000,
    windowMs: 10_000,
    shadow: false,
  };
  t.match(told({ limits: [limit] }), 'limit      shop/q/global/0: 1000 in 10s for mtls:mesh/ns/shop/sa/web\n');
  t.match(told({ limits: [{ ...limit, bucket: '', shadow: true }] }), 'for all together (shadow: refuses nobody)\n');
  t.match(
    told({ limits: [{ ...limit, counts: false, bucket: '' }] }),
    'limit      shop/q/global/0: does not count it\n',
  );
});
