/**
 * Certificates that must be refused (reference: SPIFFE X.509-SVID 2 to 5), shown by a client to our server and by a server to our
 * client, over real sockets; Node's TLS is the peer. Each has its reason, counted once, and the alert that RFC 8446 6.2 gives for it.
 */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import {
  DAY_MS,
  identitySetOf,
  makeIntermediate,
  makeRoot,
  makeSvid,
  SVID_DEFECTS,
  type TestAuthority,
  type TestSvid,
} from '../../../../helpers/make-svid.ts';
import { expecting, MeshRig, ORDERS, WEB } from '../support/mesh-rig.ts';
import { nodeServer, stopNodeServer } from '../support/peers.ts';
import { Pki } from '../support/pki.ts';

const root = await makeRoot();
const orders = await makeSvid(root, ORDERS);
const web = await makeSvid(root, WEB);

/** What a client of ours says of it, and a server: the certificate is shown to both. */
type Case = readonly [what: string, svid: TestSvid, reason: string, alert: RegExp];

const BAD = /bad certificate/;
const UNSUPPORTED = /unsupported certificate/;
const UNKNOWN_CA = /unknown ca/;
const EXPIRED = /certificate expired/;

const DEFECTS: readonly (readonly [keyof typeof SVID_DEFECTS, string, RegExp])[] = [
  ['expired', 'expired', EXPIRED],
  ['notYetValid', 'not-yet-valid', BAD],
  ['caBit', 'svid-is-ca', UNSUPPORTED],
  ['caCertificate', 'svid-is-ca', UNSUPPORTED],
  ['keyCertSign', 'svid-cert-sign', UNSUPPORTED],
  ['cRLSign', 'svid-crl-sign', UNSUPPORTED],
  ['noDigitalSignature', 'svid-digital-signature-missing', UNSUPPORTED],
  ['noKeyUsage', 'svid-key-usage-missing', UNSUPPORTED],
  ['keyUsageNotCritical', 'svid-key-usage-not-critical', UNSUPPORTED],
  ['serverAuthOnly', 'svid-extended-key-usage', UNSUPPORTED],
  ['clientAuthOnly', 'svid-extended-key-usage', UNSUPPORTED],
  ['noUri', 'svid-uri-missing', BAD],
  ['dnsNameOnly', 'svid-uri-missing', BAD],
  ['twoUris', 'svid-uri-several', BAD],
  ['twoUrisOneForeign', 'svid-uri-several', BAD],
  ['notSpiffe', 'svid-scheme', BAD],
  ['wrongTrustDomain', 'svid-trust-domain', BAD],
  ['noPath', 'svid-root-path', BAD],
  ['rootPath', 'svid-root-path', BAD],
  ['trailingSlash', 'svid-id-malformed', BAD],
  ['emptySegment', 'svid-id-malformed', BAD],
  ['dotSegments', 'svid-id-malformed', BAD],
  ['query', 'svid-id-malformed', BAD],
  ['fragment', 'svid-id-malformed', BAD],
  ['port', 'svid-id-malformed', BAD],
  ['userInfo', 'svid-id-malformed', BAD],
  ['percentEncoded', 'svid-id-malformed', BAD],
  ['upperCaseDomain', 'svid-id-malformed', BAD],
  ['emptyDomain', 'svid-id-malformed', BAD],
  ['tooLong', 'svid-id-malformed', BAD],
];

async function chainOf(length: number): Promise<TestAuthority> {
  let authority = root;
  for (let i = 0; i < length; i++) {
    const name = `CN=Level ${i}`;
    authority = { ...(await makeIntermediate(authority, { pathLength: null, subject: name })), name };
  }
  return authority;
}

async function cases(): Promise<Case[]> {
  const made: Case[] = [];
  for (const [name, reason, alert] of DEFECTS) {
    made.push([name, await makeSvid(root, WEB, SVID_DEFECTS[name]), reason, alert]);
  }
  const stranger = await makeRoot();
  const foreign = await makeRoot('other.example');
  made.push(['of an unknown root', await makeSvid(stranger, WEB), 'unknown-authority', UNKNOWN_CA]);
  made.push(['of the root of another trust domain', await makeSvid(foreign, WEB), 'unknown-authority', UNKNOWN_CA]);
  const below = await makeIntermediate(stranger);
  made.push(['of an authority below an unknown root', await makeSvid(below, WEB), 'unknown-authority', UNKNOWN_CA]);
  const lonely = new Pki().selfSigned('lonely', `URI:${WEB}`);
  const alone = { ...orders, chain: String(lonely.certificate), key: String(lonely.key) };
  made.push(['that signed itself', alone, 'self-signed', UNKNOWN_CA]);
  made.push(['with five authorities above it', await makeSvid(await chainOf(5), WEB), 'chain-too-long', UNKNOWN_CA]);
  const tooDeep = { pathLength: null, subject: 'CN=One too many' };
  const narrow = { ...(await makeIntermediate(await makeIntermediate(root), tooDeep)), name: tooDeep.subject };
  made.push(['of an authority that is one too many', await makeSvid(narrow, WEB), 'chain-too-long', UNKNOWN_CA]);
  const intermediates: readonly (readonly [string, Parameters<typeof makeIntermediate>[1], string, RegExp])[] = [
    ['that has ended', { notAfterMs: Date.now() - 1000, notBeforeMs: Date.now() - DAY_MS }, 'expired', EXPIRED],
    ['of another trust domain', { uris: ['spiffe://other.example'] }, 'issuer-trust-domain', BAD],
    ['with the id of a workload', { uris: [WEB] }, 'issuer-path', BAD],
    ['without a key usage', { keyUsage: null }, 'issuer-key-usage', BAD],
  ];
  for (const [what, changes, reason, alert] of intermediates) {
    made.push([`of an authority ${what}`, await makeSvid(await makeIntermediate(root, changes), WEB), reason, alert]);
  }
  return made;
}

for (const [what, svid, reason, alert] of await cases()) {
  t.test(`an SVID ${what} is refused with ${reason} on both sides`, async (t) => {
    const rig = new MeshRig();
    rig.use(identitySetOf([root], [web]), identitySetOf([root], [orders]));
    const { port, ends } = rig.accept();
    const peer = dialAs(port, svid);
    const [error] = (await Promise.all([once(peer, 'error'), rig.until(() => ends[0]?.heard.events.length > 0)]))[0];
    t.match((error as Error).message, alert, 'the client is told by an alert');
    t.same(ends[0].heard.events, ['error 71'], 'its owner never saw it connected');
    t.match(ends[0].socket.tls, { failure: reason, peerPrincipal: null });
    t.match(ends[0].socket.reason, /^(the certificate of |the authority )[^\n]+[^.]$/);

    const failures: string[] = [];
    const server = await nodeServer(optionsOf(svid));
    server.server.on('tlsClientError', (problem: Error) => failures.push(problem.message));
    const client = rig.dial(server.port, expecting(WEB));
    await rig.settle(client);
    await rig.until(() => failures.length > 0);
    t.match(failures[0], alert, 'the server is told by an alert');
    t.same(client.heard.events, ['error 71']);
    t.match(client.socket.tls, { failure: reason, peerPrincipal: null });
    t.same(rig.counted, [`server ${reason}`, `client ${reason}`]);
    stopNodeServer(server);
    for (const { socket } of [client, ...ends]) rig.world.reactor.close(socket);
    t.equal(rig.leftOver(), 0);
    rig.destroy();
  });
}

t.test('secure naming: a good SVID of the mesh that is not among the expected ones', async (t) => {
  const rig = new MeshRig();
  rig.use(identitySetOf([root], [web]), identitySetOf([root], [orders]));
  const { port, ends } = rig.accept();
  for (const target of [expecting('spiffe://example.org/ns/shop/sa/users', `${ORDERS}x`), expecting()]) {
    const client = rig.dial(port, target);
    await rig.settle(client);
    t.same(client.heard.events, ['error 71']);
    t.equal(client.socket.tls?.failure, 'svid-unexpected-id');
    t.match(client.socket.reason, `the certificate of ${ORDERS} is not for `);
    const server = ends[ends.length - 1];
    await rig.settle(server);
    t.equal(server.socket.tls?.failure, 'certificate-refused-by-peer');
    t.equal(server.socket.reason, 'the peer ended TLS: our certificate is bad');
  }
  rig.destroy();
});

t.test('an SVID with good company and an authority between is accepted on both sides', async (t) => {
  const between = await makeIntermediate(root);
  const good = await makeSvid(between, WEB, { extendedKeyUsage: null, dnsNames: ['web.example.org'] });
  const rig = new MeshRig();
  rig.use(identitySetOf([root], [good]), identitySetOf([root], [good]));
  const { port, ends } = rig.accept();
  const client = rig.dial(port, expecting(WEB));
  await rig.settle(client);
  await rig.settle(ends[0]);
  for (const { socket } of [client, ends[0]]) t.equal(socket.tls?.peerPrincipal, 'example.org/ns/shop/sa/web');
  rig.destroy();
});

function optionsOf({ chain, key }: TestSvid) {
  return { cert: chain, key, ALPNProtocols: ['towpath-http/1.1'] };
}

function dialAs(port: number, svid: TestSvid): TLSSocket {
  return connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...optionsOf(svid) });
}
