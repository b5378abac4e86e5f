import t from 'tap';
import { isGone, namesIn } from '../../../src/agent/configured-names.ts';
import type { HttpRoutingView, RouteActionView, ServiceView } from '../../../src/contract/views.ts';
import { exampleDirectory, exampleService } from '../../helpers/example-views.ts';

function action(route: string, rule: string): RouteActionView {
  return { route, rule, backends: [], requestHeaders: null, requestTimeoutMs: null };
}

function http(...actions: RouteActionView[]): HttpRoutingView {
  return { entries: [], actions };
}

function routed(): ServiceView {
  const view = exampleService('orders', 1);
  const l4 = { route: 'shop/tcp', rule: '0', backends: [] };
  const port = {
    ...view.ports[0],
    http: http(action('shop/orders', 'main'), action('shop/orders', '1')),
    consumers: { billing: http(action('billing/mine', '0')) },
    tcp: l4,
    tls: [{ hostname: '*', action: { ...l4, route: 'shop/tls' } }],
  };
  return { ...view, ports: [port] };
}

const cache = exampleService('cache', 1);
const open: ServiceView = {
  ...cache,
  clusters: { 'shop/cache:80': { ...cache.clusters['shop/cache:80'], endpoints: [], passthrough: true } },
};
const six = exampleService('six', 1);
const v6: ServiceView = {
  ...six,
  clusters: {
    'shop/six:80': {
      ...six.clusters['shop/six:80'],
      endpoints: [{ ip: 'FD00:0::1', port: 1, weight: 1, workload: 'shop/six-1' }],
    },
  },
};
const names = namesIn([
  { type: 'directory', services: exampleDirectory(1, ['orders', 'known']).services },
  { type: 'inbound', workloads: [{ namespace: 'shop', name: 'web-1', ports: [] }] },
  { type: 'service', service: routed() },
  { type: 'service', service: open },
  { type: 'service', service: v6 },
  { type: 'drain' },
]);

const outbound = { side: 'outbound', service: 'shop/orders' };
const CASES: readonly (readonly [string, Record<string, string>, boolean])[] = [
  ['no labels', {}, false],
  ['the overflow', { otel_metric_overflow: 'true' }, false],
  ['outside the mesh', { side: 'outbound', service: '', route: '', endpoint: '' }, false],
  ['a service in force', outbound, false],
  ['a service of the directory', { service: 'shop/known' }, false],
  ['a workload of this host', { side: 'inbound', service: 'shop/web-1', endpoint: '127.0.0.1:9' }, false],
  ['no such service', { service: 'shop/nothing' }, true],
  ['a rule with a name', { ...outbound, route: 'shop/orders/main' }, false],
  ['a rule by its number', { ...outbound, route: 'shop/orders/1' }, false],
  ['a rule for another namespace', { ...outbound, route: 'billing/mine/0' }, false],
  ['a TCPRoute', { ...outbound, route: 'shop/tcp/0' }, false],
  ['a TLSRoute', { ...outbound, route: 'shop/tls/0' }, false],
  ['a rule that left', { ...outbound, route: 'shop/orders/0' }, true],
  ['a cluster', { cluster: 'shop/orders:80' }, false],
  ['a cluster that left', { cluster: 'shop/orders:81' }, true],
  ['a backend that left', { ...outbound, backend: 'shop/orders:81' }, true],
  ['an endpoint', { ...outbound, endpoint: '10.0.0.1:8080' }, false],
  ['an endpoint that left', { ...outbound, endpoint: '10.0.0.2:8080' }, true],
  [
    'an endpoint of a service whose endpoints no view lists',
    { ...outbound, service: 'shop/cache', endpoint: 'x:1' },
    false,
  ],
  ['an address that is written in another way', { ...outbound, endpoint: '[fd00::1]:1' }, false],
];

t.test('what is no longer configured is gone', async (t) => {
  for (const [what, labels, expected] of CASES) t.equal(isGone(names, labels), expected, what);
});
