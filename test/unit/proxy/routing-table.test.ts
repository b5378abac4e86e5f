import t from 'tap';
import { EndpointStore } from '../../../src/proxy/endpoints/endpoint-store.ts';
import { HealthRegistry } from '../../../src/proxy/endpoints/health-registry.ts';
import { RoutingTable } from '../../../src/proxy/routing-table.ts';
import { address, serviceView } from '../../helpers/proxy-rig.ts';

const ENTRY = { namespace: 'shop', name: 'orders', virtualIps: ['240.0.0.1', 'fd00:240::1'], ports: [80] };
const version = (gen: number, epoch = 1): { version: { epoch: number; gen: number; hash: string } } => ({
  version: { epoch, gen, hash: String(gen) },
});

function make(): { table: RoutingTable; references(): Record<string, number> } {
  const store = new EndpointStore(0);
  const references = (): Record<string, number> =>
    Object.fromEntries([...store.all()].map((e) => [e.address.port, e.references]));
  return { table: new RoutingTable(store, new HealthRegistry({ now: 0 }, () => {}), ''), references };
}

t.test('what a dialled address means', async (t) => {
  const { table } = make();
  t.same(table.find(address('240.0.0.1', 80)), { type: 'original' });
  table.setDirectory([ENTRY]);
  t.same(table.find(address('240.0.0.1', 80)), { type: 'unknown-service', key: 'shop/orders' });
  table.setService(serviceView([1]));
  for (const ip of ['240.0.0.1', 'fd00:240::1']) {
    t.match(table.find(address(ip, 80)), { type: 'service', port: { service: 'shop/orders' } });
    t.same(table.find(address(ip, 81)), { type: 'no-such-port', service: 'shop/orders' });
  }
  t.same(table.find(address('240.0.0.2', 80)), { type: 'original' });
  table.removeService('shop/orders');
  t.same(table.find(address('240.0.0.1', 80)), { type: 'unknown-service', key: 'shop/orders' });
  table.setDirectory([]);
  t.same(table.find(address('240.0.0.1', 80)), { type: 'original' });
});

t.test('endpoints know how many clusters in force list them', async (t) => {
  const { table, references } = make();
  table.setService(serviceView([1, 2]));
  table.setService({ ...serviceView([2, 3]), name: 'cache' });
  t.same(references(), { 1: 1, 2: 2, 3: 1 });
  table.setService(serviceView([2, 4], {}, version(2)));
  t.same(references(), { 1: 0, 2: 2, 3: 1, 4: 1 });
  table.setService(serviceView([2, 4], {}, version(2)));
  t.same(references(), { 1: 0, 2: 2, 3: 1, 4: 1 }, 'the same view again changes nothing');
  table.removeService('shop/orders');
  table.removeService('shop/orders');
  table.removeService('shop/cache');
  t.same(references(), { 1: 0, 2: 0, 3: 0, 4: 0 });
});

t.test('what is under way for a cluster is forgotten with the last view that has it', async (t) => {
  const { table } = make();
  const shadow = 'shop/shadow:80';
  const trafficOf = (gen: number, keys: readonly string[]) => {
    const view = serviceView([1], {}, version(gen));
    const cluster = view.clusters['shop/orders:80'];
    if (cluster === undefined) throw new Error('no cluster');
    const port = view.ports.map((p) => ({ ...p, cluster: keys[0] ?? '' }));
    table.setService({ ...view, ports: port, clusters: Object.fromEntries(keys.map((key) => [key, cluster])) });
    const found = table.findPort('shop/orders', 80);
    return found.type === 'service' ? found.port.cluster.traffic : null;
  };
  const first = trafficOf(1, [shadow, 'shop/orders:80']);
  t.equal(trafficOf(2, [shadow]), first);
  trafficOf(3, ['shop/orders:80']);
  t.not(trafficOf(4, [shadow]), first);
});

t.test('an older view never replaces a newer one; a new epoch always does', async (t) => {
  const { table, references } = make();
  t.ok(table.setService(serviceView([1], {}, version(5))));
  t.notOk(table.setService(serviceView([2], {}, version(4))));
  t.same(references(), { 1: 1 });
  t.ok(table.setService(serviceView([3], {}, version(1, 2))));
  t.same(table.services(), [{ key: 'shop/orders', epoch: 2, gen: 1 }]);
});

t.test('a view that lacks its own cluster is refused whole, and the old one stays in force', async (t) => {
  const { table, references } = make();
  table.setDirectory([ENTRY]);
  table.setService(serviceView([1]));
  t.throws(
    () => table.setService(serviceView([2], { cluster: 'shop/orders:81' }, version(2))),
    /lacks its own cluster/,
  );
  t.equal(references()[1], 1);
  t.equal(references()[2], 0);
  t.match(table.find(address('240.0.0.1', 80)), { type: 'service' });
});

t.test('round robin goes on over a change of view', async (t) => {
  const { table } = make();
  const pick = (): number | undefined => {
    const target = table.find(address('240.0.0.1', 80));
    return target.type === 'service'
      ? target.port.cluster.pick({ random: () => 0, reactor: { now: 0 } }, -1, [])?.address.port
      : undefined;
  };
  table.setDirectory([ENTRY]);
  const seen: (number | undefined)[] = [];
  for (let gen = 1; gen <= 6; gen++) {
    table.setService(serviceView([1, 2, 3], {}, version(gen)));
    seen.push(pick());
  }
  t.same(seen, [1, 2, 3, 1, 2, 3]);
});

t.test('local programs are found by port, of the newest list only', async (t) => {
  const { table } = make();
  const port = { name: 'http', port: 8080, protocol: 'http1' } as const;
  table.setInbound([{ namespace: 'shop', name: 'orders', ports: [port] }]);
  t.same(table.findInbound(8080), { workload: 'shop/orders', protocol: 'http1' });
  table.setInbound([]);
  t.equal(table.findInbound(8080), null);
});
