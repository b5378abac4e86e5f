import t from 'tap';
import { type Manifest, parent, route, service, tcpRoute, tlsRoute, viewOf } from '../world.ts';

const db = service('db', { ports: [{ name: 'sql', port: 5432 }] });
const others = ['a', 'b', 'c'].map((name) => service(name, { ports: [{ name: 'sql', port: 5432 }] }));
const toDb = { parentRefs: [parent('db')] };
const to = (name: string, weight = 1): Manifest => ({ name, port: 5432, weight });

function port(...manifests: Manifest[]) {
  return viewOf([db, ...others, ...manifests], undefined, 'shop/db').ports[0];
}

t.test('TCPRoute: shares of connections, and the port is bytes from then on', async (t) => {
  t.same(port(tcpRoute('r', [to('a', 3), to('b', 1), to('gone', 2), to('c', 0)], toDb)), {
    name: 'sql',
    port: 5432,
    protocol: 'tcp',
    cluster: 'shop/db:5432',
    http: null,
    tcp: {
      route: 'shop/r',
      rule: '0',
      backends: [
        { cluster: 'shop/a:5432', weight: 3 },
        { cluster: 'shop/b:5432', weight: 1 },
        { cluster: null, weight: 2 },
      ],
    },
  });
  t.same(port(tcpRoute('r', [to('a', 0)], toDb))?.tcp?.backends, [{ cluster: null, weight: 1 }], 'all weights 0');
  t.notOk(Object.hasOwn(port() ?? {}, 'tcp'), 'without a route the view is what it was');
});

t.test('of several TCPRoutes the oldest carries', async (t) => {
  t.equal(port(tcpRoute('z', [to('a')], toDb), tcpRoute('y', [to('b')], toDb))?.tcp?.route, 'shop/z');
});

t.test('TLSRoute: exact names, then the longest wildcard; the older route has a name that two want', async (t) => {
  const view = port(
    tlsRoute('first', ['*.example', 'api.example'], [to('a')], toDb),
    tlsRoute('second', ['*.api.example', 'api.example', '*.example'], [to('b')], toDb),
    tlsRoute('rest', [], [to('c')], toDb),
  );
  t.same(
    view?.tls?.map(({ hostname, action }) => `${hostname} ${action.route} ${action.backends[0]?.cluster}`),
    [
      'api.example shop/first shop/a:5432',
      '*.api.example shop/second shop/b:5432',
      '*.example shop/first shop/a:5432',
      '* shop/rest shop/c:5432',
    ],
  );
  t.equal(view?.protocol, 'auto', 'the first bytes still decide what it is');
});

t.test('a port that is declared to be bytes is TLS when a TLSRoute says so', async (t) => {
  const declared = service('db', { ports: [{ port: 5432, appProtocol: 'tcp' }] });
  const route = tlsRoute('r', ['a.example'], [to('a')], toDb);
  t.equal(viewOf([declared, ...others, route], undefined, 'shop/db').ports[0]?.protocol, 'tls');
});

t.test('callers with routes by request keep them beside a TCPRoute', async (t) => {
  const parentRefs = [parent('db', { namespace: 'shop' })];
  const view = port(tcpRoute('r', [to('a')], toDb), route('h', [{}], { parentRefs }, { namespace: 'pay' }));
  t.equal(view?.protocol, 'auto');
  t.same(Object.keys(view?.consumers ?? {}), ['pay']);
  t.equal(view?.tcp?.route, 'shop/r');
});
