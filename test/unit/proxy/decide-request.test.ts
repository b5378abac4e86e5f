import t from 'tap';
import type { ServicePortView } from '../../../src/contract/views.ts';
import { ConnectionRecord, type Side } from '../../../src/proxy/connection-record.ts';
import { decideRequest, type RequestDecision } from '../../../src/proxy/decide-request.ts';
import { address, ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

const rig = new ProxyRig();
const { context } = rig;
t.teardown(() => rig.end());

function decide(request: string, ip = '240.0.0.1', port = 80, side: Side = 'outbound', service = ''): RequestDecision {
  const { slab } = context.reactor;
  const length = slab.bytes.write(request, slab.receiveArea, 'latin1');
  if (context.parser.parseRequest(slab.receiveArea, length) <= 0) throw new Error('not a request');
  const record = new ConnectionRecord(side, null, null, 0, context.sink);
  record.service = service;
  return decideRequest(context, record, address(ip, port), context.parser.head, slab.bytes);
}

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const backend = (cluster: string | null, weight = 1): object => ({ cluster, weight, requestHeaders: null });
const entry = (path: string, action: number): object => ({
  path: { type: 'PathPrefix', value: path },
  method: null,
  headers: [],
  query: [],
  action,
});
const action = (rule: string, backends: object[]): object => ({
  route: 'shop/r',
  rule,
  backends,
  requestHeaders: null,
  requestTimeoutMs: rule === 'slow' ? 250 : null,
});

const http = {
  entries: [entry('/ok', 0), entry('/slow', 1), entry('/none', 2), entry('/gone', 3), entry('/empty', 4)],
  actions: [
    action('ok', [backend('shop/orders:80')]),
    action('slow', [backend('shop/orders:80')]),
    action('none', [backend('shop/orders:80', 0)]),
    action('gone', [backend(null)]),
    action('empty', [backend('shop/empty:80')]),
  ],
} as unknown as ServicePortView['http'];

const { clusters } = serviceView([8081]);
rig.service(
  serviceView(
    [8081],
    { http },
    {
      clusters: { ...clusters, 'shop/empty:80': { ...clusters['shop/orders:80'], endpoints: [] } },
    },
  ),
);

for (const [what, decision, wanted] of [
  ['a matching rule forwards', () => decide(GET('/ok/x')), { type: 'forward', route: 'shop/r/ok', timeoutMs: 0 }],
  ['with its timeout', () => decide(GET('/slow')), { type: 'forward', route: 'shop/r/slow', timeoutMs: 250 }],
  ['no rule: NR', () => decide(GET('/other')), { type: 'answer', flag: 'NR', service: 'shop/orders' }],
  ['no weight: NC', () => decide(GET('/none')), { type: 'answer', flag: 'NC', route: 'shop/r/none' }],
  ['no such backend: NC', () => decide(GET('/gone')), { type: 'answer', flag: 'NC', route: 'shop/r/gone' }],
  ['no endpoint: UH', () => decide(GET('/empty')), { type: 'answer', flag: 'UH', route: 'shop/r/empty' }],
  ['no such port: NR', () => decide(GET('/'), '240.0.0.1', 81), { type: 'answer', flag: 'NR' }],
  [
    'not a service: where it was dialled',
    () => decide(GET('/'), '10.0.0.9', 81),
    { type: 'forward', cluster: null, service: '' },
  ],
  [
    'inbound: the local program, under its name',
    () => decide(GET('/'), '10.0.0.1', 80, 'inbound', 'shop/w'),
    { type: 'forward', cluster: null, service: 'shop/w' },
  ],
] as const) {
  t.test(what, async (t) => {
    t.match(decision(), wanted);
  });
}

t.test('inbound counts go by the workload, also when a port changes hands', async (t) => {
  const scopes = ['shop/w', 'shop/v', 'shop/w'].map((service) => {
    const decision = decide(GET('/'), '10.0.0.1', 80, 'inbound', service);
    return decision.type === 'forward' ? decision.scope : null;
  });
  t.equal(scopes[0], scopes[2]);
  t.not(scopes[0], scopes[1]);
});

t.test('a decision names its rule', async (t) => {
  const decision = decide(GET('/slow'));
  t.match(decision, { type: 'forward', action: { name: 'shop/r/slow', requestTimeoutMs: 250 } });
  t.match(decide(GET('/'), '10.0.0.9', 81), { type: 'forward', action: null, responseEdits: null });
});

t.test("routes of the caller's own namespace take the place of the service's", async (t) => {
  const consumer = { entries: [entry('/ok', 0)], actions: [action('mine', [backend('shop/orders:80')])] };
  const consumers = { web: consumer } as unknown as ServicePortView['consumers'];
  const producer = serviceView([8081], { http, consumers }).ports[0];
  const { table } = context;
  table.setService({
    ...serviceView([8081], producer),
    clusters: { ...clusters, 'shop/empty:80': clusters['shop/orders:80'] },
  });
  const home = (...namespaces: string[]): void =>
    table.setInbound(namespaces.map((namespace) => ({ namespace, name: 'w', ports: [] })));
  for (const [namespaces, path, wanted] of [
    [[], '/ok', { route: 'shop/r/ok' }],
    [['shop'], '/ok', { route: 'shop/r/ok' }],
    [['web', 'shop'], '/ok', { route: 'shop/r/mine' }],
    [['shop', 'web'], '/ok', { route: 'shop/r/ok' }],
    [['web'], '/slow', { type: 'answer', flag: 'NR' }],
  ] as const) {
    home(...namespaces);
    t.match(decide(GET(path)), wanted, `${namespaces} ${path}`);
  }
  home();
});

t.test('the request timeout: of the rule, 0 being none, or else of the cluster', async (t) => {
  const orders = { ...clusters['shop/orders:80'], timeouts: { requestMs: 900 } };
  for (const [said, wanted] of [
    [250, 250],
    [0, 0],
    [null, 900],
  ] as const) {
    const rule = { ...action('r', [backend('shop/orders:80')]), requestTimeoutMs: said };
    const routing = { entries: [entry('/', 0)], actions: [rule] } as unknown as ServicePortView['http'];
    context.table.setService({
      ...serviceView([8081], { http: routing }),
      clusters: { 'shop/orders:80': orders } as unknown as typeof clusters,
    });
    t.match(decide(GET('/')), { type: 'forward', timeoutMs: wanted }, `${said}`);
  }
});

t.test('a service whose view is gone: UH', async (t) => {
  context.table.removeService('shop/orders');
  t.match(decide(GET('/ok')), { type: 'answer', flag: 'UH', service: 'shop/orders' });
});
