import t from 'tap';
import type { DecisionTrace } from '../../../../src/contract/decision-trace.ts';
import type { HttpRoutingView, RouteEntryView } from '../../../../src/contract/views.ts';
import { explainRequest } from '../../../../src/proxy/explain/explain-request.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';

const rig = new ProxyRig({ viewTimeoutMs: 200 });
t.teardown(() => rig.end());
const { table } = rig.context;

function ask(authority: string, path = '/', headers: [string, string][] = []) {
  return new Promise<{ trace: DecisionTrace } | { problem: string }>((resolve) =>
    explainRequest(rig.context, { method: 'GET', authority, path, headers }, resolve),
  );
}
async function trace(authority: string, path = '/', headers: [string, string][] = []): Promise<DecisionTrace> {
  const answer = await ask(authority, path, headers);
  if ('problem' in answer) throw new Error(answer.problem);
  return answer.trace;
}

const entry = (path: string, action: number, more: Partial<RouteEntryView> = {}): RouteEntryView => ({
  path: { type: 'PathPrefix', value: path },
  method: null,
  headers: [],
  query: [],
  action,
  ...more,
});
const action = (rule: string, cluster: string | null) => ({
  route: 'shop/r',
  rule,
  backends: [{ cluster, weight: 1, requestHeaders: null }],
  requestHeaders: null,
  requestTimeoutMs: null,
});
const http: HttpRoutingView = {
  entries: [entry('/a', 0, { headers: [{ name: 'x', value: '1' }] }), entry('/a', 1), entry('/gone', 2)],
  actions: [action('one', 'shop/orders:80'), action('two', 'shop/orders:80'), action('gone', null)],
};

table.setDirectory([
  { namespace: 'shop', name: 'orders', virtualIps: ['240.240.0.1'], ports: [80] },
  { namespace: 'shop', name: 'late', virtualIps: ['240.240.0.2'], ports: [80] },
]);
const orders = serviceView([8081, 8082], { http });
table.setService({ ...orders, virtualIps: ['240.240.0.1'] });

t.test('the trace and the decision of traffic agree', async (t) => {
  for (const [path, headers, rule] of [
    ['/a', [['X', '1']], 'one'],
    ['/a/b', [], 'two'],
    ['/gone', [], 'gone'],
    ['/none', [], null],
  ] as const) {
    const {
      decision,
      tried,
      action: decided,
    } = await trace(
      'orders.shop',
      path,
      headers.map(([n, v]) => [n, v]),
    );
    t.equal(decided?.rule ?? null, rule, path);
    t.equal(tried.at(-1)?.matches, rule !== null);
    if (rule === 'one' || rule === 'two')
      t.match(decision, {
        type: 'forward',
        endpoint: /^127\.0\.0\.1:808[12]$/,
        cluster: 'shop/orders:80',
        route: `shop/r/${rule}`,
      });
    else t.match(decision, { type: 'answer', flag: rule === null ? 'NR' : 'NC' });
  }
});

t.test('endpoints come with what this thread knows of them', async (t) => {
  for (const endpoint of rig.context.outbound.all()) if (endpoint.text.endsWith(':8082')) endpoint.active = 5;
  const { backends, target } = await trace('240.240.0.1', '/a');
  t.match(backends[0]?.endpoints, [
    { address: '127.0.0.1:8081', state: { active: 0, idleConnections: 0 } },
    { address: '127.0.0.1:8082', state: { active: 5 } },
  ]);
  t.match(target, { service: 'shop/orders', version: { epoch: 1, gen: 1 } });
});

t.test('a service that nobody dialled is asked for, as for a first connection', async (t) => {
  const answer = trace('late.shop');
  t.strictSame(rig.needed, ['shop/late']);
  table.setService({ ...serviceView([8081]), name: 'late' });
  rig.waiters.settle('shop/late', true);
  t.match(await answer, { target: { type: 'service', service: 'shop/late' }, routing: 'none' });
  table.removeService('shop/late');
  t.match(await trace('late.shop'), { target: { type: 'no-view', sentence: /within 200 ms/ }, decision: null });
});

t.test('what is no service', async (t) => {
  t.match(await trace('192.0.2.1:99'), { target: { type: 'original', port: 99 } });
  t.match(await trace('240.240.9.9'), { target: { type: 'no-such-service' } });
  t.match(await trace('orders.shop:99'), { target: { type: 'no-such-port' } });
  t.match(await trace('example.com'), { target: { type: 'original' } });
});

t.test('nothing is counted, and a request that the codec refuses is refused', async (t) => {
  t.match(await ask('orders.shop', '/', [['Transfer-Encoding', 'nonsense']]), { problem: /refuses such a request/ });
  t.strictSame(rig.closed, []);
  t.strictSame(rig.errors, []);
});

t.test('endpoints say whom mutual TLS expects there, and whether this host takes part', async (t) => {
  const identity = 'spiffe://example.org/ns/shop/sa/orders';
  const view = serviceView([8091]);
  const clusters = Object.fromEntries(
    Object.entries(view.clusters).map(([key, one]) => [
      key,
      { ...one, endpoints: one.endpoints.map((endpoint) => ({ ...endpoint, identity })) },
    ]),
  );
  table.setService({ ...view, version: { epoch: 1, gen: 9, hash: 'x' }, virtualIps: ['240.240.0.1'], clusters });
  const endpoint = async (): Promise<unknown> => (await trace('orders.shop')).backends[0]?.endpoints[0];
  t.match(await endpoint(), { identity, state: { mutualTls: false, problem: null } });
  table.setOwnIdentity('spiffe://example.org/ns/shop/sa/web');
  t.match(await endpoint(), { identity, state: { mutualTls: true } });
});
