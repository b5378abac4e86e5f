import t from 'tap';
import { many, problemsOf, refuses } from '../refuses.ts';
import { type Manifest, serviceEntry, specOf } from '../world.ts';

const PORTS = [{ number: 443, name: 'tls', protocol: 'TLS' }];

t.test('ServiceEntry: defaults of Istio, and one form for every spelling', async (t) => {
  t.same(specOf(serviceEntry('vendor', { hosts: ['API.vendor.example'], ports: [{ number: 80, name: 'http' }] })), {
    hosts: ['api.vendor.example'],
    addresses: [],
    ports: [{ number: 80, name: 'http', protocol: 'TCP', targetPort: 80 }],
    location: 'MESH_EXTERNAL',
    resolution: 'NONE',
    endpoints: [],
    exportTo: [],
  });
  const full = {
    hosts: ['api.vendor.example', '*.vendor.example'],
    addresses: ['10.1.2.3/8', 'FD00:0::1', '::ffff:10.9.9.9', '10.2.2.2/32', 'fd00:1:2::/48'],
    ports: [{ number: 80, name: 'http', protocol: 'http', targetPort: 8080 }],
    location: 'MESH_INTERNAL',
    resolution: 'DNS',
    endpoints: [
      { address: 'Eu.Vendor.example', ports: { http: 9000 }, weight: 3, locality: 'eu/a', serviceAccount: 'x' },
      { address: 'FD00::7', labels: { app: 'x' } },
    ],
    exportTo: ['.', '*'],
  };
  t.same(specOf(serviceEntry('vendor', full)), {
    hosts: ['api.vendor.example', '*.vendor.example'],
    addresses: ['10.0.0.0/8', 'fd00::1', '10.9.9.9', '10.2.2.2', 'fd00:1:2::/48'],
    ports: [{ number: 80, name: 'http', protocol: 'HTTP', targetPort: 8080 }],
    location: 'MESH_INTERNAL',
    resolution: 'DNS',
    endpoints: [
      { address: 'eu.vendor.example', ports: { http: 9000 }, labels: {}, weight: 3, locality: 'eu/a' },
      { address: 'fd00::7', ports: {}, labels: { app: 'x' }, weight: 1 },
    ],
    exportTo: ['.', '*'],
  });
  for (const version of ['v1', 'v1beta1', 'v1alpha3']) {
    t.same(problemsOf({ ...serviceEntry('vendor', {}), apiVersion: `networking.istio.io/${version}` }), [], version);
  }
});

t.test('ServiceEntry: how endpoints are found, and what each way needs', async (t) => {
  const ip = { address: '10.0.0.1' };
  const name = { address: 'eu.vendor.example' };
  const workloadSelector = { labels: { app: 'vendor' } };
  const accepted: readonly Manifest[] = [
    { resolution: 'NONE', hosts: ['*.vendor.example', 'vendor.example'] },
    { resolution: 'STATIC', endpoints: [ip] },
    { resolution: 'STATIC', workloadSelector },
    { resolution: 'DNS' },
    { resolution: 'DNS_ROUND_ROBIN' },
    { resolution: 'DNS', endpoints: [name, ip] },
    { resolution: 'DNS', endpoints: [name], hosts: ['*.vendor.example', 'vendor.example'] },
    { resolution: 'DNS', workloadSelector },
  ];
  for (const spec of accepted) t.same(problemsOf(serviceEntry('vendor', spec)), [], JSON.stringify(spec));
  const refused: readonly [Manifest, string, RegExp][] = [
    [{ resolution: 'DYNAMIC_DNS' }, 'spec.resolution', /NONE keeps the address/],
    [{ resolution: 'NONE', endpoints: [ip] }, 'spec.resolution', /need STATIC or DNS/],
    [{ resolution: 'NONE', workloadSelector }, 'spec.resolution', /need STATIC or DNS/],
    [{ resolution: 'STATIC' }, 'spec.endpoints', /needs endpoints/],
    [{ resolution: 'STATIC', endpoints: [name] }, 'spec.endpoints[0].address', /names need resolution: DNS/],
    [{ resolution: 'STATIC', endpoints: [{ address: '0.0.0.0' }] }, 'spec.endpoints[0].address', /single host/],
    [{ resolution: 'STATIC', endpoints: [ip], workloadSelector }, 'spec.workloadSelector', /exclude each other/],
    [{ resolution: 'DNS', hosts: ['a.example', 'b.example'] }, 'spec.hosts[1]', /an entry for each host/],
    [{ resolution: 'DNS', hosts: ['*.example'] }, 'spec.hosts[0]', /wildcard cannot be resolved/],
    [{ resolution: 'DNS', endpoints: [{ address: 'a_b' }] }, 'spec.endpoints[0].address', /DNS name/],
    [{ resolution: 'DNS', endpoints: [{ address: '10.0.0' }] }, 'spec.endpoints[0].address', /DNS name/],
    [{ resolution: 'DNS', endpoints: [{ address: 'unix:///x' }] }, 'spec.endpoints[0].address', /Unix/],
  ];
  for (const [spec, path, words] of refused) refuses(t, serviceEntry('vendor', spec), path, words);
});

t.test('ServiceEntry: every class of refused field', async (t) => {
  const port = (more: Manifest): Manifest => ({ ports: [{ number: 80, name: 'http', ...more }] });
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ hosts: [] }, 'spec.hosts', /at least 1/],
    [{ hosts: ['*'] }, 'spec.hosts[0]', /narrower/],
    [{ hosts: ['10.0.0.1'] }, 'spec.hosts[0]', /addresses belong under addresses/],
    [{ hosts: ['a..b'] }, 'spec.hosts[0]', /DNS name/],
    [{ hosts: ['a.*.b'] }, 'spec.hosts[0]', /DNS name/],
    [{ hosts: ['a.example', 'A.example'] }, 'spec.hosts[1]', /repeats hosts\[0\]/],
    [{ addresses: ['10.0.0.0/33'] }, 'spec.addresses[0]', /not an address or CIDR/],
    [{ addresses: ['::ffff:10.0.0.0/100'] }, 'spec.addresses[0]', /not an address or CIDR/],
    [{ addresses: ['10.0.0.1/8', '10.0.0.2/8'] }, 'spec.addresses[1]', /repeats addresses\[0\]/],
    [{ ports: [] }, 'spec.ports', /at least 1/],
    [port({ protocol: 'UDP' }), 'spec.ports[0].protocol', /UDP is never captured/],
    [port({ protocol: 'SMTP' }), 'spec.ports[0].protocol', /one of HTTP/],
    [port({ number: 0 }), 'spec.ports[0].number', /at least 1/],
    [port({ name: '80' }), 'spec.ports[0].name', /./],
    [{ ports: [...PORTS, ...PORTS] }, 'spec.ports[1].number', /has this number already/],
    [{ exportTo: ['pay'] }, 'spec.exportTo[0]', /only "\*" and "\."/],
    [{ subjectAltNames: ['spiffe://x/y'] }, 'spec.subjectAltNames', /BackendTLSPolicy/],
    [{ resolution: 'STATIC', workloadSelector: { labels: {} } }, 'spec.workloadSelector.labels', /needs a label/],
    [{ resolution: 'STATIC', endpoints: many(257, () => ({ address: '10.0.0.1' })) }, 'spec.endpoints', /at most 256/],
    [
      { resolution: 'STATIC', endpoints: [{ address: '10.0.0.1', network: 'x' }] },
      'spec.endpoints[0].network',
      /several/,
    ],
    [{ addresses: many(17, (i: number) => `240.240.7.${i + 1}`) }, 'spec.addresses[16]', /at most 16 .* ranges/],
    [{ host: 'x' }, 'spec.host', /mean "hosts"/],
  ];
  for (const [spec, path, words] of cases) refuses(t, serviceEntry('vendor', spec), path, words);
});
