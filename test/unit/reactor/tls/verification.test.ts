/** Certificates that must be refused, each with the sentence that names the reason, and those that must not. */
import t from 'tap';
import type { TargetNames } from '../../../../src/reactor/tls/tls-target.ts';
import { type NodeServer, nodeClient, nodeServer, openssl, stopNodeServer } from './support/peers.ts';
import { type Issued, Pki } from './support/pki.ts';
import { issueOrders, Rig, targetOf } from './support/rig.ts';

const pki = new Pki();
const strangers = new Pki('Other authority');
const orders = issueOrders(pki);
const between = pki.issue({ subject: 'between', names: '' }, pki.ca, true);
const below = pki.issue({ subject: 'orders', names: 'DNS:orders.example' }, between);
const chain = (...issued: Issued[]): Issued => ({
  ...issued[0],
  certificate: Buffer.concat(issued.map((i) => i.certificate)),
});

/** Connects to a server of Node that shows `identity`; returns what became of it. */
async function meet(identity: Issued, names: Partial<TargetNames> = {}, trusted = pki.ca.certificate): Promise<string> {
  const rig = new Rig();
  const server: NodeServer = await nodeServer({ cert: identity.certificate, key: identity.key });
  const client = rig.dial(server.port, targetOf(rig.clientContext(trusted), 'orders.example', names));
  await rig.settle(client);
  const { events } = client.heard;
  const outcome = events[0] === 'connect' ? 'accepted' : `${events}: ${client.socket.reason}`;
  stopNodeServer(server);
  rig.destroy();
  return outcome;
}

const NAMES = { names: 'DNS:orders.example' };
const refusals: readonly (readonly [string, () => Promise<string>, string])[] = [
  [
    'expired',
    () => meet(pki.issue({ subject: 'old', ...NAMES, notAfter: '20240102030405Z' })),
    'the certificate of CN=old, or one above it, has expired (its own end: Jan  2 03:04:05 2024 GMT)',
  ],
  [
    'not valid yet',
    () => meet(pki.issue({ subject: 'new', ...NAMES, notBefore: '20480102030405Z' })),
    'the certificate of CN=new, or one above it, is not valid yet (its own begin: Jan  2 03:04:05 2048 GMT)',
  ],
  [
    'for another name',
    () => meet(pki.issue({ subject: 'users', names: 'DNS:users.example,DNS:*.users.example' })),
    'the certificate of CN=users is for DNS:users.example, DNS:*.users.example, not for orders.example',
  ],
  [
    'with the name in the subject alone',
    () => meet(pki.issue({ subject: 'orders.example', names: '' })),
    'the certificate of CN=orders.example is for no name, not for orders.example',
  ],
  [
    'with a wildcard in the middle of a label',
    () => meet(pki.issue({ subject: 'half', names: 'DNS:ord*.example' })),
    'the certificate of CN=half is for DNS:ord*.example, not for orders.example',
  ],
  [
    'of an authority that is not trusted',
    () => meet(issueOrders(strangers)),
    'the certificate of CN=orders was issued by an authority that is not trusted (CN=Other authority)',
  ],
  [
    'of an unknown authority that is shown along',
    () => meet(chain(issueOrders(strangers), strangers.ca)),
    'the certificate of CN=orders was issued by an authority that is not trusted (CN=Other authority)',
  ],
  [
    'self-signed',
    () => meet(pki.selfSigned('lonely', 'DNS:orders.example')),
    'the certificate of CN=lonely is self-signed and not among the trusted ones',
  ],
  [
    'whose chain has a gap',
    () => meet(below),
    'the certificate of CN=orders was issued by an authority that is not trusted (CN=between)',
  ],
  [
    'with another URI',
    () =>
      meet(pki.issue({ subject: 'svid', names: 'URI:spiffe://mesh/users' }), {
        hosts: [],
        uris: ['spiffe://mesh/orders'],
      }),
    'the certificate of CN=svid is for URI:spiffe://mesh/users, not for spiffe://mesh/orders',
  ],
  [
    'with a name that looks like two',
    () =>
      meet(pki.issue({ subject: 'forged', names: '@alt', alt: 'URI.1=x, URI:spiffe://mesh/orders' }), {
        hosts: [],
        uris: ['spiffe://mesh/orders'],
      }),
    'the certificate of CN=forged is for URI:"x\\u002c URI:spiffe://mesh/orders", not for spiffe://mesh/orders',
  ],
  [
    'for another address',
    () => meet(pki.issue({ subject: 'ip', names: 'IP:10.0.0.1' }), { serverName: null, hosts: ['127.0.0.1'] }),
    'the certificate of CN=ip is for IP Address:10.0.0.1, not for 127.0.0.1',
  ],
];

for (const [what, attempt, sentence] of refusals) {
  t.test(`a certificate ${what} is refused`, async (t) => {
    t.equal(await attempt(), `error 71: ${sentence}`);
  });
}

const acceptances: readonly (readonly [string, () => Promise<string>])[] = [
  ['with the name', () => meet(orders)],
  [
    'with a wildcard for one label',
    () => meet(pki.issue({ names: 'DNS:*.shop.example' }), { hosts: ['orders.shop.example'] }),
  ],
  ['with a chain to the authority', () => meet(chain(below, between))],
  ['trusted by itself', () => meet(orders, {}, orders.certificate)],
  ['below a trusted one that did not sign itself', () => meet(below, {}, between.certificate)],
  ['with one of several names', () => meet(orders, { hosts: ['users.example', 'orders.example'] })],
  ['of any name where none is asked for', () => meet(orders, { hosts: [], serverName: 'x.example' })],
  ['for the address', () => meet(pki.issue({ names: 'IP:127.0.0.1' }), { serverName: null, hosts: ['127.0.0.1'] })],
  [
    'with the URI',
    () =>
      meet(pki.issue({ names: 'DNS:a.example,URI:spiffe://mesh/orders' }), {
        hosts: [],
        uris: ['spiffe://mesh/orders'],
      }),
  ],
  ['with a name where a URI would do too', () => meet(orders, { uris: ['spiffe://mesh/orders'] })],
];

for (const [what, attempt] of acceptances) {
  t.test(`a certificate ${what} is accepted`, async (t) => {
    t.equal(await attempt(), 'accepted');
  });
}

t.test('a peer whose certificate was refused is told so', async (t) => {
  const rig = new Rig();
  const failures: string[] = [];
  const server = await nodeServer({ cert: orders.certificate, key: orders.key });
  server.server.on('tlsClientError', (error: Error) => failures.push(error.message));
  const client = rig.dial(server.port, targetOf(rig.clientContext(strangers.ca.certificate), 'orders.example'));
  await rig.settle(client);
  await rig.until(() => failures.length > 0);
  t.match(failures[0], /unknown ca/i);
  stopNodeServer(server);
  rig.destroy();
});

t.test('clients without a certificate, or with that of a stranger, are refused where one is required', async (t) => {
  const rig = new Rig();
  const clients = { trusted: pki.ca.certificate, required: true, announced: true };
  const { address, ends } = rig.accept(rig.serverContext(orders, { clients }));
  const options = { servername: 'orders.example', ca: pki.ca.certificate };
  const stranger = issueOrders(strangers);
  const attempts = [
    { cert: {}, sentence: 'the peer sent no certificate, which is required here' },
    {
      cert: { cert: stranger.certificate, key: stranger.key },
      sentence: 'the certificate of the peer was issued by an authority that is not trusted',
    },
    { cert: { cert: orders.certificate, key: orders.key }, sentence: null },
  ];
  for (const { cert, sentence } of attempts) {
    const count = ends.length;
    const peer = nodeClient(address.port, { ...options, ...cert });
    await rig.until(() => ends.length > count && ends[count].heard.events.length > 0);
    t.equal(ends[count].socket.reason, sentence ?? '');
    t.equal(ends[count].heard.events[0], sentence === null ? 'connect' : 'error 71');
    peer.destroy();
  }
  rig.destroy();
});

t.test('what the server says against our certificate is passed on', async (t) => {
  const rig = new Rig();
  const server = await nodeServer({
    cert: orders.certificate,
    key: orders.key,
    ca: pki.ca.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const context = rig.clientContext(pki.ca.certificate);
  const client = rig.dial(server.port, targetOf(context, 'orders.example'));
  await rig.until(() => client.heard.events.some((event) => event.startsWith('error')));
  t.equal(client.socket.reason, 'the peer ended TLS: it requires a certificate of ours');
  stopNodeServer(server);
  rig.destroy();
});

t.test('optional client certificates are verified when they are shown', async (t) => {
  const rig = new Rig();
  const clients = { trusted: pki.ca.certificate, required: false, announced: true };
  const { address, ends } = rig.accept(rig.serverContext(orders, { clients }));
  const without = openssl('s_client', '-connect', `127.0.0.1:${address.port}`);
  await rig.until(() => ends[0]?.heard.events[0] === 'connect');
  t.same(ends[0].socket.tls?.peerChain(), []);
  await rig.until(() => without.output.includes('Acceptable client certificate CA names'));
  t.match(without.output, 'CN = Test authority');
  without.child.kill();
  const stranger = issueOrders(strangers);
  const refused = openssl(
    's_client',
    '-connect',
    `127.0.0.1:${address.port}`,
    '-cert',
    stranger.certificateFile,
    '-key',
    stranger.keyFile,
  );
  await rig.until(() => (ends[1]?.heard.events.length ?? 0) > 0);
  t.equal(ends[1].heard.events[0], 'error 71');
  refused.child.kill();
  rig.destroy();
});
