/** Active checks of endpoints that are reached by mutual TLS, or have TLS of their own, against servers that insist on it. */
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { checkEndpoint } from '../../../../src/agent/probes/check-endpoint.ts';
import type { ProbeOutcome } from '../../../../src/agent/probes/probe-outcome.ts';
import type { ActiveCheckView, UpstreamTlsView } from '../../../../src/contract/cluster-views.ts';
import { identitySetOf, makeRoot, makeSvid } from '../../../helpers/make-svid.ts';

const ORDERS = 'spiffe://example.org/ns/shop/sa/orders';
const root = await makeRoot();
const orders = await makeSvid(root, ORDERS);
const own = identitySetOf([root], [await makeSvid(root, 'spiffe://example.org/ns/shop/sa/web')]);

async function serve(t: Test): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = [];
  const server = createServer(
    {
      cert: orders.chain,
      key: orders.key,
      ca: root.root,
      requestCert: true,
      ALPNCallback: ({ protocols }) => {
        heard.push(protocols.join());
        return protocols[0];
      },
    },
    (socket: TLSSocket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, heard };
}

function check(
  check: ActiveCheckView['check'],
  port: number,
  identity: string | undefined,
  certificates: typeof own | null,
): Promise<ProbeOutcome> {
  const view = { intervalMs: 1000, timeoutMs: 2_000, unhealthyThreshold: 1, healthyThreshold: 1, check };
  return checkEndpoint(view, { ip: '127.0.0.1', port, identity }, () => certificates);
}

const HTTP = { type: 'HTTP', path: '/', method: 'GET', expectedStatuses: [200] } as const;

t.test('a check goes the way of the requests', async (t) => {
  const { port, heard } = await serve(t);
  t.same(await check(HTTP, port, ORDERS, own), { passed: true, detail: 'answered 200' });
  t.same(await check({ type: 'TCP' }, port, ORDERS, own), { passed: true, detail: 'connected' });
  t.same(heard, ['towpath-http/1.1', 'towpath-tcp']);
  t.match(await check({ type: 'GRPC', service: '' }, port, ORDERS, own), { passed: false });
  t.equal(heard[2], 'towpath-h2');
});

t.test('another identity than expected fails, and so does a host without a certificate', async (t) => {
  const { port } = await serve(t);
  const other = await check(HTTP, port, 'spiffe://example.org/ns/shop/sa/other', own);
  t.match(other, { passed: false, detail: /is not spiffe:\/\/example\.org\/ns\/shop\/sa\/other/ });
  const without = await check(HTTP, port, ORDERS, identitySetOf([root], []));
  t.match(without, { passed: false, detail: /no certificate of the mesh/ });
  t.match(await check(HTTP, port, ORDERS, null), { passed: false }, 'who takes no part speaks without TLS');
});

const DNS = 'orders.example.com';

/** A server with a certificate for that name; it does not ask for one. */
async function servePublic(t: Test): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = [];
  const { chain, key } = await makeSvid(root, ORDERS, { dnsNames: [DNS] });
  const server = createServer(
    {
      cert: chain,
      key,
      SNICallback: (name, done) => {
        heard.push(name);
        done(null);
      },
      ALPNCallback: ({ protocols }) => {
        heard.push(protocols.join());
        return protocols[0];
      },
    },
    (socket: TLSSocket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, heard };
}

function checkTls(port: number, type: 'HTTP' | 'TCP', changes: Partial<UpstreamTlsView> = {}): Promise<ProbeOutcome> {
  const trusted = { type: 'certificates', pem: root.root } as const;
  const tls = { serverName: DNS, hosts: [DNS], uris: [], trusted, ...changes };
  const view = { intervalMs: 1000, timeoutMs: 2_000, unhealthyThreshold: 1, healthyThreshold: 1 };
  const at = { ip: '127.0.0.1', port, tls };
  // Mutual TLS does not come on top.
  return checkEndpoint({ ...view, check: type === 'HTTP' ? HTTP : { type } }, at, () => own);
}

t.test('a service with TLS of its own is checked as it is called: by name, authorities and protocol', async (t) => {
  const { port, heard } = await servePublic(t);
  t.same(await checkTls(port, 'HTTP'), { passed: true, detail: 'answered 200' });
  t.same(await checkTls(port, 'TCP'), { passed: true, detail: 'connected' });
  t.same(new Set(heard), new Set([DNS, 'http/1.1']));
  t.match(await checkTls(port, 'TCP', { hosts: ['other', DNS] }), { passed: true }, 'one of its names is enough');
  t.match(await checkTls(port, 'TCP', { hosts: [], uris: [ORDERS] }), { passed: true });
});

const UNFIT: readonly (readonly [string, Partial<UpstreamTlsView>, RegExp])[] = [
  ['another name', { hosts: ['pay.example.com'] }, /pay\.example\.com/],
  ['another URI', { hosts: [], uris: [`${ORDERS}2`] }, /not for spiffe/],
  ['other authorities', { trusted: { type: 'system' } }, /issuer|self-signed|verify|certificate/i],
  [
    'a policy that cannot be kept',
    { trusted: { type: 'unusable', sentence: 'no such ConfigMap' } },
    /^no such ConfigMap$/,
  ],
];

for (const [what, changes, detail] of UNFIT) {
  t.test(`TLS of its own, ${what}: the check fails`, async (t) => {
    const { port } = await servePublic(t);
    t.match(await checkTls(port, 'HTTP', changes), { passed: false, detail });
    t.match(await checkTls(port, 'TCP', changes), { passed: false, detail });
  });
}
