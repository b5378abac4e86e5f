import t from 'tap';
import type { ServicePortView } from '../../../src/contract/views.ts';
import { findTlsAction, loadL4, type TlsNames } from '../../../src/proxy/l4-routing.ts';

const action = (route: string) => ({ route, rule: '0', backends: [{ cluster: null, weight: 1 }] });
const port = (more: Partial<ServicePortView>): ServicePortView => ({
  name: 'tls',
  port: 443,
  protocol: 'auto',
  cluster: 'c',
  http: null,
  ...more,
});

function names(...hostnames: readonly string[]): TlsNames {
  const routing = loadL4(
    port({ tls: hostnames.map((hostname, i) => ({ hostname, action: action(`r${i}`) })) }),
    new Map(),
  );
  if (routing?.type !== 'tls') throw new Error('no TLS routes');
  return routing.names;
}

const HOSTS = ['*.example.com', 'a.example.com', '*.b.example.com', 'a.example.com', '*'];

const CASES: readonly (readonly [serverName: string | null, hostnames: readonly string[], route: string | null])[] = [
  ['a.example.com', HOSTS, 'r1'],
  ['c.example.com', HOSTS, 'r0'],
  ['x.y.example.com', HOSTS, 'r0'],
  ['x.b.example.com', HOSTS, 'r2'],
  ['b.example.com', HOSTS, 'r0'],
  ['example.com', HOSTS, 'r4'],
  ['example.org', HOSTS, 'r4'],
  [null, HOSTS, 'r4'],
  ['example.com', ['*.example.com'], null],
  ['.example.com', ['*.example.com'], null],
  ['aexample.com', ['*.example.com'], null],
  ['a.example.com', ['b.example.com'], null],
  [null, ['*.example.com'], null],
  ['__proto__', ['a'], null],
];

for (const [serverName, hostnames, route] of CASES) {
  t.test(`${serverName ?? 'no name'} among ${hostnames.join(' ')}: ${route ?? 'none'}`, async (t) => {
    t.equal(findTlsAction(names(...hostnames), serverName)?.view.route ?? null, route);
  });
}

t.test('one kind of routes counts: requests before TLS before TCP', async (t) => {
  const tls = [{ hostname: '*', action: action('t') }];
  t.equal(loadL4(port({ tcp: action('c'), tls, http: { entries: [], actions: [] } }), new Map()), null);
  t.equal(loadL4(port({ tcp: action('c'), tls }), new Map())?.type, 'tls');
  t.equal(loadL4(port({ tcp: action('c') }), new Map())?.type, 'tcp');
  t.equal(loadL4(port({}), new Map()), null);
});

t.test('a list without entries matches nothing', async (t) => {
  t.equal(findTlsAction(names(), 'a.example.com'), null);
});
