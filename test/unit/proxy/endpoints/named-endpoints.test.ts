import t from 'tap';
import { endpointHosts, type ServiceView } from '../../../../src/contract/views.ts';
import { NamedEndpoints } from '../../../../src/proxy/endpoints/named-endpoints.ts';
import { address, ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';

const NAMES = [
  { host: 'a.vendor.com', port: 443, weight: 2, locality: 'eu' },
  { host: 'b.vendor.com', port: 8443, weight: 1 },
];

function named(): ServiceView {
  const view = serviceView([]);
  const cluster = view.clusters['shop/orders:80'];
  if (cluster === undefined) throw new Error('no cluster');
  return { ...view, clusters: { 'shop/orders:80': { ...cluster, names: NAMES }, other: { ...cluster, names: NAMES } } };
}

t.test('each address of a name is an endpoint with the port, weight and locality of the name', async (t) => {
  const names = new NamedEndpoints();
  const cluster = named().clusters['shop/orders:80'];
  if (cluster === undefined) throw new Error('no cluster');
  t.same(names.of(cluster), []);
  names.set({ 'a.vendor.com': ['192.0.2.1', '2001:db8::1'] });
  names.set({ 'b.vendor.com': ['192.0.2.2'] });
  t.same(
    names.of(cluster).map(({ ip, port, weight, locality }) => [ip, port, weight, locality]),
    [
      ['192.0.2.1', 443, 2, 'eu'],
      ['2001:db8::1', 443, 2, 'eu'],
      ['192.0.2.2', 8443, 1, undefined],
    ],
  );
  names.set({ 'a.vendor.com': [] });
  t.equal(names.of(cluster).length, 1);
  const { names: _, ...plain } = cluster;
  t.equal(names.of(plain), plain.endpoints, 'a cluster without names costs nothing');
});

t.test('the hosts of a service are told once each', async (t) => {
  t.same(endpointHosts(named()), ['a.vendor.com', 'b.vendor.com']);
  t.same(endpointHosts(serviceView([1])), []);
});

t.test('addresses that come later, and others after them, are used from the next connection on', async (t) => {
  const rig = new ProxyRig();
  rig.service(named());
  const endpoints = (): string[] => {
    const found = rig.context.table.find(rig.destination);
    return found.type === 'service' ? found.port.cluster.endpoints.map(({ endpoint }) => endpoint.text) : [];
  };
  t.same(endpoints(), []);
  rig.context.table.setEndpointNames({ 'a.vendor.com': ['192.0.2.1'] });
  t.same(endpoints(), ['192.0.2.1:443']);
  const kept = rig.context.outbound.get(address('192.0.2.1', 443));
  t.equal(kept.references, 2, 'listed by both clusters');
  rig.context.table.setEndpointNames({ 'a.vendor.com': ['192.0.2.3'], 'unheard.of': ['192.0.2.9'] });
  t.same(endpoints(), ['192.0.2.3:443']);
  t.equal(kept.references, 0);
  rig.context.table.setService({ ...named(), version: { epoch: 1, gen: 2, hash: 'z' } });
  t.same(endpoints(), ['192.0.2.3:443'], 'a new view finds them again');
  await rig.end();
});
