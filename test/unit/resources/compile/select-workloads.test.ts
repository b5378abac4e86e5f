/** ServiceEntries beside Services: the views, the directory, and what both of the same name make of each other. */
import t from 'tap';
import { compileDirectory, compileService, conditionsOf } from '../../../../src/resources/index.ts';
import {
  endpoint,
  endpointsOf,
  indexOf,
  type Manifest,
  parent,
  service,
  serviceEntry,
  tlsPolicy,
  trafficPolicy,
  viewOf,
  workload,
} from '../world.ts';

const PORTS = [
  { number: 80, name: 'http', protocol: 'HTTP', targetPort: 8080 },
  { number: 443, name: 'tls', protocol: 'TLS' },
];
const entryRef: Manifest = { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'vendor' };

t.test('endpoints by resolution: addresses, names, selected workloads, or the destination as it is', async (t) => {
  const at = { hosts: ['api.example'], ports: PORTS };
  const clusterOf = (spec: Manifest, port = 80) => {
    const selected = workload('w', { address: '10.0.0.9', labels: { app: 'v' }, locality: 'eu/a' });
    const registered = endpoint('e', { labels: { app: 'v' }, address: '10.0.1.9', ports: { http: 9000 } });
    const view = viewOf([serviceEntry('vendor', { ...at, ...spec }), selected], endpointsOf(registered), 'shop/vendor');
    const { endpoints, names, passthrough } = view.clusters[`shop/vendor:${port}`] ?? {};
    return { endpoints, names, passthrough };
  };
  t.same(clusterOf({ resolution: 'NONE' }), { endpoints: [], names: undefined, passthrough: true });
  t.same(clusterOf({ resolution: 'DNS' }), {
    endpoints: [],
    names: [{ host: 'api.example', port: 8080, weight: 1 }],
    passthrough: undefined,
  });
  const mixed = [
    { address: 'b.example', weight: 2, locality: 'eu' },
    { address: 'a.example', ports: { http: 81 } },
    { address: 'a.example', ports: { http: 81 }, weight: 9 },
    { address: '10.0.0.2', ports: { http: 82 }, locality: 'us/b' },
  ];
  t.same(clusterOf({ resolution: 'DNS_ROUND_ROBIN', endpoints: mixed }), {
    endpoints: [{ ip: '10.0.0.2', port: 82, weight: 1, workload: 'shop/vendor-3', locality: 'us/b' }],
    names: [
      { host: 'a.example', port: 81, weight: 1 },
      { host: 'b.example', port: 8080, weight: 2, locality: 'eu' },
    ],
    passthrough: undefined,
  });
  t.same(clusterOf({ resolution: 'STATIC', endpoints: [{ address: 'fd00::1' }, { address: '10.0.0.1' }] }, 443), {
    endpoints: [
      { ip: '10.0.0.1', port: 443, weight: 1, workload: 'shop/vendor-1' },
      { ip: 'fd00::1', port: 443, weight: 1, workload: 'shop/vendor-0' },
    ],
    names: undefined,
    passthrough: undefined,
  });
  t.same(clusterOf({ resolution: 'STATIC', workloadSelector: { labels: { app: 'v' } } }), {
    endpoints: [
      { ip: '10.0.0.9', port: 8080, weight: 1, workload: 'shop/w', locality: 'eu/a' },
      { ip: '10.0.1.9', port: 9000, weight: 1, workload: 'shop/e' },
    ],
    names: undefined,
    passthrough: undefined,
  });
});

t.test('ports, protocols and policies are those of a Service', async (t) => {
  const view = viewOf(
    [
      serviceEntry('vendor', { ports: PORTS, resolution: 'DNS' }),
      trafficPolicy('all', [entryRef], { loadBalancer: { type: 'Random' } }),
      trafficPolicy('tls', [{ ...entryRef, sectionName: 'tls' }], { loadBalancer: { type: 'RoundRobin' } }),
      trafficPolicy('of-a-service', [parent('vendor')], { loadBalancer: { type: 'PeakEWMA' } }, {}),
      tlsPolicy(
        'origination',
        'vendor',
        { wellKnownCACertificates: 'System', caCertificateRefs: [] },
        {
          ...entryRef,
          sectionName: 'http',
        },
      ),
    ],
    endpointsOf(),
    'shop/vendor',
  );
  t.same(
    view.ports.map(({ name, port, protocol, cluster, http }) => [name, port, protocol, cluster, http]),
    [
      ['http', 80, 'http1', 'shop/vendor:80', null],
      ['tls', 443, 'tls', 'shop/vendor:443', null],
    ],
  );
  t.same(
    [443, 80].map((port) => {
      const { loadBalancer, tls } = view.clusters[`shop/vendor:${port}`] ?? {};
      return [loadBalancer, tls?.serverName];
    }),
    [
      ['RoundRobin', undefined],
      ['Random', 'vendor.example'],
    ],
  );
});

t.test('the directory knows hosts and addresses, virtual IPs apart', async (t) => {
  const index = indexOf(
    service('orders', { clusterIPs: ['240.240.0.1'] }),
    serviceEntry('vendor', {
      hosts: ['b.example', '*.a.example'],
      addresses: ['240.240.0.2', 'fd00:240::2', '10.0.0.0/8', '192.0.2.1'],
      ports: PORTS,
    }),
    serviceEntry('younger', { hosts: ['b.example', 'c.example'], addresses: ['10.0.0.0/8', '192.0.2.2'] }),
  );
  t.same(compileDirectory(index), [
    { namespace: 'shop', name: 'orders', virtualIps: ['240.240.0.1'], ports: [80] },
    {
      namespace: 'shop',
      name: 'vendor',
      virtualIps: ['240.240.0.2', 'fd00:240::2'],
      ports: [80, 443],
      hosts: ['*.a.example', 'b.example'],
      addresses: ['10.0.0.0/8', '192.0.2.1'],
    },
    {
      namespace: 'shop',
      name: 'younger',
      virtualIps: [],
      ports: [443],
      hosts: ['c.example'],
      addresses: ['192.0.2.2'],
    },
  ]);
  const [said] = conditionsOf(index, 'ServiceEntry.shop.younger');
  t.match(said, {
    status: 'False',
    reason: 'Conflicted',
    message: /^10\.0\.0\.0\/8 belongs to the older ServiceEntry/,
  });
});

t.test('a Service and a ServiceEntry of one name: the older has it, the other says Conflicted', async (t) => {
  const both = (first: Manifest, second: Manifest) => {
    const index = indexOf(first, second);
    const view = compileService(index, endpointsOf(), 'shop/orders');
    const told = ['Service', 'ServiceEntry'].map((kind) => {
      const [condition] = conditionsOf(index, `${kind as 'Service'}.shop.orders`);
      return `${condition?.status} ${condition?.reason}`;
    });
    return { port: view?.ports[0]?.port, told, entries: compileDirectory(index).length };
  };
  const asService = service('orders', { clusterIPs: ['240.240.0.1'] });
  const asEntry = serviceEntry('orders', { addresses: ['240.240.0.9'] });
  t.same(both(asService, asEntry), { port: 80, told: ['True Accepted', 'False Conflicted'], entries: 1 });
  t.same(both(asEntry, asService), { port: 443, told: ['False Conflicted', 'True Accepted'], entries: 1 });
});

t.test('who lost the name owns no address either', async (t) => {
  const index = indexOf(
    service('orders', { clusterIPs: ['240.240.0.1'] }),
    serviceEntry('orders', { addresses: ['240.240.0.9'] }),
    service('cart', { clusterIPs: ['240.240.0.9'] }),
  );
  t.same(compileService(index, endpointsOf(), 'shop/cart')?.virtualIps, ['240.240.0.9']);
  index.delete('Service.shop.orders');
  t.same(compileService(index, endpointsOf(), 'shop/cart')?.virtualIps, [], 'until it gets the name');
  t.same(compileService(index, endpointsOf(), 'shop/orders')?.virtualIps, ['240.240.0.9']);
});
