import t from 'tap';
import { Cluster } from '../../../src/proxy/endpoints/cluster.ts';
import { type HttpRouting, loadHttp } from '../../../src/proxy/load-routing.ts';
import { serviceView } from '../../helpers/proxy-rig.ts';
import { rule } from './support/route-rig.ts';

const settings = { service: 'shop/orders', protocol: 'auto', loadBalancer: 'RoundRobin' } as const;
const cluster = new Cluster('shop/orders:80', settings, []);
const clusters = new Map([[cluster.key, cluster]]);

function load(...args: Parameters<typeof rule>): HttpRouting {
  const loaded = loadHttp(serviceView([], { http: rule(...args) }).ports[0], clusters);
  if (loaded === null) throw new Error('nothing was loaded');
  return loaded;
}

const set = (name: string, value: string) => ({ set: [{ name, value }], add: [], remove: [] });

t.test('no route, no routing', async (t) => {
  t.equal(loadHttp(serviceView([]).ports[0], clusters), null);
});

t.test('a rule knows its name, its limit and its backends', async (t) => {
  const [action] = load({ requestTimeoutMs: 250 }).actions;
  t.match(action, { route: 'shop/r', rule: '0', name: 'shop/r/0', requestTimeoutMs: 250 });
  t.equal(action.backends[0].cluster, cluster);
  t.match(action.backends[0], { edits: null, responseEdits: null });
  t.equal(load({}).actions[0].requestTimeoutMs, null);
});

t.test('a backend that is not there has no cluster', async (t) => {
  const backends = ['shop/gone:80', null].map((key) => ({ cluster: key, weight: 1, requestHeaders: null }));
  t.same(
    load({ backends }).actions[0].backends.map((backend) => backend.cluster),
    [null, null],
  );
});

t.test('the edits of a backend come after those of its rule, both ways', async (t) => {
  const backends = [
    { cluster: 'shop/orders:80', weight: 1, requestHeaders: set('a', '2'), responseHeaders: set('b', '2') },
    { cluster: 'shop/orders:80', weight: 1, requestHeaders: null },
  ];
  const [action] = load({ requestHeaders: set('a', '1'), responseHeaders: set('b', '1'), backends }).actions;
  t.match(action.backends[0], { edits: { edits: [{ value: '2' }] }, responseEdits: { edits: [{ value: '2' }] } });
  t.match(action.backends[1], { edits: { edits: [{ value: '1' }] }, responseEdits: { edits: [{ value: '1' }] } });
});
