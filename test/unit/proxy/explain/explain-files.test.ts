import t from 'tap';
import { admitFiles } from '../../../../src/agent/standalone/admit-files.ts';
import { compileViews } from '../../../../src/agent/standalone/compile-views.ts';
import { type ExplainQuestion, explainQuestionSchema } from '../../../../src/contract/decision-trace.ts';
import { explainFiles } from '../../../../src/proxy/explain/explain-files.ts';
import { EndpointIndex, ResourceIndex } from '../../../../src/resources/index.ts';

const TEXT = `
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080, appProtocol: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: next, namespace: shop}
spec: {selector: {app: next}, clusterIP: 10.96.0.9, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: next, namespace: other}
spec: {selector: {app: next}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: o1, namespace: shop}
spec: {address: 10.0.0.1, labels: {app: orders}, weight: 3}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: orders}]
  rules:
    - name: beta
      matches: [{path: {type: PathPrefix, value: /api}, method: GET, headers: [{name: x-group, value: beta}], queryParams: [{name: q, value: "1"}]}]
      backendRefs: [{name: next, port: 80}]
    - name: main
      timeouts: {request: 2s}
      matches: [{path: {type: PathPrefix, value: /api}}]
      backendRefs: [{name: orders, port: 80, weight: 3}, {name: nowhere, port: 80, weight: 1}]
`;
const admitted = admitFiles([{ name: 'x.yaml', text: TEXT }], new ResourceIndex(), new Date());
if (!admitted.ok) throw new Error(JSON.stringify(admitted.error));
const { directory, services } = compileViews(admitted.value, new EndpointIndex(), '', null, 1);

function explain(question: Partial<ExplainQuestion>) {
  const checked = explainQuestionSchema.parse({ authority: 'orders.shop', ...question });
  const trace = explainFiles(directory, services, ['default'], checked);
  if (typeof trace === 'string') throw new Error(trace);
  return trace;
}

t.test('the entries are told in their order, up to the one that matches, each condition for itself', async (t) => {
  const trace = explain({ path: '/api/1?q=1', headers: [['X-Group', 'alpha']] });
  t.match(trace.target, { type: 'service', service: 'shop/orders', port: 80, protocol: 'http1' });
  t.equal(trace.routing, 'producer');
  t.strictSame(trace.tried, [
    {
      place: 0,
      route: 'shop/r',
      rule: 'beta',
      matches: false,
      conditions: [
        { what: 'path PathPrefix /api', matches: true },
        { what: 'method GET', matches: true },
        { what: 'header x-group = beta', matches: false },
        { what: 'query q = 1', matches: true },
      ],
    },
    {
      place: 1,
      route: 'shop/r',
      rule: 'main',
      matches: true,
      conditions: [{ what: 'path PathPrefix /api', matches: true }],
    },
  ]);
  t.match(trace.action, { route: 'shop/r', rule: 'main', requestTimeoutMs: 2000 });
  t.match(trace.backends, [
    {
      cluster: 'shop/orders:80',
      share: 75,
      policies: { loadBalancer: 'LeastRequest' },
      endpoints: [{ address: '10.0.0.1:8080', workload: 'shop/o1', weight: 3 }],
    },
    { cluster: null, share: 25, endpoints: [] },
  ]);
});

t.test('the first that matches hides the rest', async (t) => {
  const trace = explain({ path: '/api?q=1', headers: [['x-group', 'beta']] });
  t.equal(trace.tried.length, 1);
  t.strictSame(trace.untold, { before: 0, after: 1 });
  t.match(trace.backends, [{ cluster: 'shop/next:80', share: 100, endpoints: [] }]);
});

t.test('no rule, no route, no service, no port', async (t) => {
  const refused = explain({ path: '/other' });
  t.match(refused, { action: null, backends: [], target: { sentence: /no rule .* answered 404/ } });
  t.equal(refused.tried.length, 2);
  t.match(explain({ authority: 'next.shop:80' }), {
    routing: 'none',
    backends: [{ cluster: 'shop/next:80', share: 100 }],
  });
  t.match(explain({ authority: '10.96.0.9' }), { target: { service: 'shop/next' } }, 'by its address');
  t.match(explain({ authority: 'orders.shop:81' }), {
    target: { type: 'no-such-port', sentence: /no port 81, but 80/ },
  });
  t.match(explain({ authority: 'next' }), { target: { type: 'ambiguous', sentence: /other\/next, shop\/next/ } });
  t.match(explain({ authority: 'example.com' }), { target: { type: 'original' } });
  t.match(explain({ authority: '192.0.2.1:8080' }), { target: { type: 'original', port: 8080 } });
});

t.test('routes of the namespace of the caller take the place of the others', async (t) => {
  const service = services.get('shop/orders');
  const [port] = service?.ports ?? [];
  if (service === undefined || port === undefined || port.http === null) throw new Error('the example has no route');
  const actions = port.http.actions.map((action) => ({ ...action, route: 'callers/r' }));
  const consumers = { callers: { entries: port.http.entries, actions } };
  const views = new Map([['shop/orders', { ...service, ports: [{ ...port, consumers }] }]]);
  const question = explainQuestionSchema.parse({ authority: 'orders.shop', path: '/api' });
  t.match(explainFiles(directory, views, ['callers'], question), {
    routing: 'consumer',
    action: { route: 'callers/r' },
  });
  t.match(explainFiles(directory, views, ['others'], question), { routing: 'producer', action: { route: 'shop/r' } });
});

t.test('what the codec refuses of traffic it refuses here', async (t) => {
  const question = explainQuestionSchema.parse({ authority: 'orders.shop', headers: [['Content-Length', 'x']] });
  t.match(explainFiles(directory, services, [], question), /the proxy refuses such a request: /);
});

t.test('a question cannot end a line of the head', async (t) => {
  for (const bad of [
    { authority: 'a\r\nb' },
    { authority: 'a', path: '/ HTTP/1.1\r\nx: y' },
    { authority: 'a', headers: [['x', 'a\nb']] },
    { authority: 'a', headers: [['x:', 'a']] },
    { authority: 'a', method: 'GET /' },
    { authority: 'a', unknown: 1 },
  ])
    t.notOk(explainQuestionSchema.safeParse(bad).success, JSON.stringify(bad));
});
