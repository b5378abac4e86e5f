import t from 'tap';
import { allocateVirtualIps, claims, type Resource, type ResourceIndex } from '../../../src/resources/index.ts';
import { decode, indexOf, type Manifest, service, serviceEntry, workload } from './world.ts';

function allocated(index: ResourceIndex, manifest: Manifest): readonly string[] {
  const result = allocateVirtualIps(index, decode(manifest));
  if (!result.ok) throw new Error(result.error[0]?.message);
  return claims(result.value);
}

function store(index: ResourceIndex, resource: Resource): void {
  index.put({ resource, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' });
}

t.test('a Service without addresses gets one of each family, the same every time', async (t) => {
  const [v4 = '', v6 = ''] = allocated(indexOf(), service('orders'));
  t.match(v4, /^240\.240\.\d+\.\d+$/);
  t.match(v6, /^fd00:240:/);
  t.same(allocated(indexOf(service('other')), service('orders')), [v4, v6]);
  t.not(allocated(indexOf(), service('orders', {}, { namespace: 'pay' }))[0], v4, 'the namespace counts');
});

t.test('what is given, and what a Service has already, stays', async (t) => {
  t.same(allocated(indexOf(), service('orders', { clusterIP: '10.96.0.1' })), ['10.96.0.1']);
  const index = indexOf(service('orders', { clusterIPs: ['240.240.9.9', 'fd00:240::9'] }));
  t.same(allocated(index, service('orders')), ['240.240.9.9', 'fd00:240::9'], 'an update that names none');
  t.same(
    allocated(index, service('orders', { clusterIPs: ['240.240.9.9'] })),
    ['240.240.9.9'],
    'its own address is no conflict',
  );
  const entry = decode(workload('w'));
  t.same(allocateVirtualIps(index, entry), { ok: true, value: entry }, 'other kinds are left alone');
});

t.test('an address of another Service is refused', async (t) => {
  const index = indexOf(service('orders', { clusterIPs: ['240.240.9.9'] }));
  t.match(allocateVirtualIps(index, decode(service('thief', { clusterIPs: ['240.240.9.9'] }))), {
    ok: false,
    error: [
      {
        code: 'TWP1005',
        message: '240.240.9.9 already belongs to Service shop/orders',
        path: 'Service shop/thief: spec.clusterIPs[0]',
      },
    ],
  });
});

t.test('a collision is probed past, the ends of the range are never given, and a full range is said', async (t) => {
  const index = indexOf();
  const [wanted = ''] = allocated(index, service('orders'));
  store(index, decode(service('squatter', { clusterIPs: [wanted] })));
  t.not(allocated(index, service('orders'))[0], wanted);
  const seen = new Set<string>();
  for (let i = 0; i < 65_536; i++) {
    const ip = `240.240.${i >> 8}.${i & 255}`;
    const free = i === 0 || i === 65_535 || ip === '240.240.7.7';
    if (!free && ip !== wanted)
      store(index, {
        ...decode(service('x')),
        metadata: { name: `x${i}`, namespace: 'many', labels: {}, annotations: {} },
        spec: { selector: {}, ports: [{ name: '', port: 1, targetPort: 1 }], clusterIPs: [ip] },
      } as Resource);
    seen.add(ip);
  }
  t.equal(allocated(index, service('orders'))[0], '240.240.7.7', 'the last free one is found');
  store(index, decode(service('last', { clusterIPs: ['240.240.7.7'] })));
  t.match(allocateVirtualIps(index, decode(service('orders'))), {
    ok: false,
    error: [{ message: 'no virtual IP is free in 240.240.0.0/16' }],
  });
});

t.test(
  'a ServiceEntry gets virtual IPs when its name can be asked for and leads to endpoints of its own',
  async (t) => {
    const addresses = (spec: Manifest, index = indexOf()): readonly string[] =>
      allocated(index, serviceEntry('v', spec));
    t.match(addresses({ resolution: 'DNS' }), [/^240\.240\./, /^fd00:240:/]);
    t.same(addresses({ resolution: 'NONE' }), [], 'connections keep the address that the program resolved');
    t.same(addresses({ resolution: 'DNS', hosts: ['*.x.example'], endpoints: [{ address: 'a.example' }] }), []);
    t.same(addresses({ resolution: 'DNS', addresses: ['10.0.0.0/8'] }), ['10.0.0.0/8'], 'it has some');
    const allocatedBefore = indexOf(serviceEntry('v', { addresses: ['240.240.7.7'] }));
    t.same(addresses({ resolution: 'DNS' }, allocatedBefore), ['240.240.7.7'], 'and keeps them');
    const writtenBefore = indexOf(serviceEntry('v', { addresses: ['10.0.0.0/8'] }));
    t.match(
      addresses({ resolution: 'DNS' }, writtenBefore),
      [/^240\.240\./, /^fd00:240:/],
      'but not those of the manifest',
    );
    const taken = indexOf(service('orders', { clusterIPs: ['240.240.7.7'] }));
    t.match(allocateVirtualIps(taken, decode(serviceEntry('v', { addresses: ['240.240.7.7'] }))), {
      ok: false,
      error: [{ code: 'TWP1005', path: 'ServiceEntry shop/v: spec.addresses[0]' }],
    });
  },
);
