/** How long a session of the mesh lasts: no longer than certificates, roots, or an hour; and never without a proven peer. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { TICKET_SECONDS } from '../../../../../src/reactor/tls/mesh/mesh-role.ts';
import { DAY_MS, identitySetOf, makeRoot, makeSvid, type TestSvid } from '../../../../helpers/make-svid.ts';
import { send } from '../../support/world.ts';
import { expecting, MeshRig, ORDERS, WEB } from '../support/mesh-rig.ts';
import { openssl } from '../support/peers.ts';
import { Pki } from '../support/pki.ts';
import type { End } from '../support/rig.ts';

const root = await makeRoot();
const web = await makeSvid(root, WEB);
const orders = await makeSvid(root, ORDERS);
const target = expecting(ORDERS);

/** One connection that ends well, after a byte from the server: by then its ticket has arrived. Says how it began. */
async function visit(rig: MeshRig, port: number, ends: End[]): Promise<string> {
  const count = ends.length;
  const client = rig.dial(port, target);
  await rig.settle(client);
  await rig.until(() => ends.length > count);
  await rig.settle(ends[count]);
  const server = ends[count];
  if (client.heard.events[0] !== 'connect') return client.socket.reason;
  if (server.heard.events[0] !== 'connect') return server.socket.reason;
  t.equal(server.socket.tls?.peerPrincipal, 'example.org/ns/shop/sa/web');
  t.equal(client.socket.tls?.peerPrincipal, 'example.org/ns/shop/sa/orders');
  send(rig.world, server.socket, 'x');
  await rig.until(() => client.heard.bytes > 0);
  rig.world.reactor.close(client.socket);
  rig.world.reactor.close(server.socket);
  t.equal(client.socket.tls?.resumed, server.socket.tls?.resumed);
  return client.socket.tls?.resumed ? 'resumed' : 'full';
}

function newRig(client: TestSvid = web, server: TestSvid = orders): MeshRig {
  const rig = new MeshRig();
  rig.use(identitySetOf([root], [client]), identitySetOf([root], [server]));
  return rig;
}

t.test(
  'sessions end when either end gets another certificate or other roots, and live through what changes nothing',
  async (t) => {
    const rig = newRig();
    const { port, ends } = rig.accept();
    const outcome = (): Promise<string> => visit(rig, port, ends);
    t.equal(await outcome(), 'full');
    t.equal(await outcome(), 'resumed');
    rig.use(identitySetOf([root], [web]), {
      ...identitySetOf([root], [orders]),
      assignments: [{ spiffeId: ORDERS, ports: [80] }],
    });
    t.equal(await outcome(), 'resumed', 'the same certificates');
    rig.use(null, identitySetOf([root], [await makeSvid(root, ORDERS)]));
    t.equal(await outcome(), 'full', 'the server has a new certificate');
    t.equal(await outcome(), 'resumed');
    rig.use(identitySetOf([root], [await makeSvid(root, WEB)]), null);
    t.equal(await outcome(), 'full', 'the client has a new certificate');
    t.equal(await outcome(), 'resumed');
    const second = await makeRoot();
    rig.use(null, identitySetOf([root, second], [orders]));
    t.equal(await outcome(), 'full', 'the server trusts another root as well');
    rig.use(identitySetOf([root, second], [web]), null);
    t.equal(await outcome(), 'full', 'the client trusts another root as well');
    rig.use(null, identitySetOf([second], [await makeSvid(second, ORDERS)]));
    t.match(
      await outcome(),
      /authority that is not trusted|unknown to it/,
      'the root of the client is trusted no more',
    );
    rig.destroy();
  },
);

t.test('a server takes up a session until a certificate of the client ends, and then asks again', async (t) => {
  const until = Date.now() + 4_000;
  const shortLived = await makeSvid(root, WEB, { notAfterMs: until });
  const rig = newRig(shortLived);
  const { port, ends } = rig.accept();
  t.equal(await visit(rig, port, ends), 'full');
  t.equal(await visit(rig, port, ends), 'resumed');
  await rig.until(() => Date.now() > until + 1_000);
  // A client that ignores the end of its own certificate.
  rig.world.reactor.tls.library.wallClock = () => until - 1_000;
  const client = rig.dial(port, target);
  const nth = ends.length;
  await rig.until(() => ends.length > nth);
  await rig.until(() => ends[nth].heard.events.length > 0);
  t.equal(ends[nth].socket.tls?.failure, 'expired');
  t.match(ends[nth].socket.reason, `the certificate of ${WEB}`);
  rig.world.reactor.reset(client.socket);
  rig.destroy();
});

t.test('our client resumes no longer than the certificates of the server hold', async (t) => {
  const rig = newRig();
  const { port, ends } = rig.accept();
  const { library } = rig.world.reactor.tls;
  const dial = rig.dialling.clientTarget(target);
  if ('reason' in dial) throw new Error(dial.sentence);
  t.equal(await visit(rig, port, ends), 'full');
  for (const [offset, resumed] of [
    [DAY_MS - 30_000, true],
    [DAY_MS + 1_000, false],
  ] as const) {
    library.wallClock = () => Date.now() + offset;
    const client = rig.dialWith(port, dial);
    library.wallClock = Date.now;
    await rig.settle(client);
    t.equal(client.socket.tls?.resumed, resumed, `${offset} ms from now`);
    rig.world.reactor.close(client.socket);
  }
  rig.destroy();
});

t.test('a ticket lasts an hour, or as long as the certificate of the client, and allows no early data', async (t) => {
  const { folder } = new Pki();
  for (const [lifeMs, least, most] of [
    [DAY_MS, TICKET_SECONDS, TICKET_SECONDS],
    [600_000, 560, 600],
  ] as const) {
    const svid = await makeSvid(root, WEB, { notAfterMs: Date.now() + lifeMs });
    const files = ['crt', 'key'].map((kind) => join(folder, `${lifeMs}.${kind}`));
    writeFileSync(files[0], svid.chain);
    writeFileSync(files[1], svid.key);
    const rig = newRig();
    const { port, ends } = rig.accept();
    const client = openssl(
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      '-alpn',
      'towpath-tcp',
      '-cert',
      files[0],
      '-key',
      files[1],
      '-ign_eof',
    );
    await rig.until(() => ends[0]?.socket.tls?.established === true);
    send(rig.world, ends[0].socket, 'hello');
    rig.world.reactor.close(ends[0].socket);
    await rig.until(() => client.exited);
    const hint = Number(/lifetime hint: ([0-9]+)/.exec(client.output)?.[1]);
    t.ok(hint >= least && hint <= most, `${hint} s`);
    t.match(client.output, 'Max Early Data: 0');
    rig.destroy();
  }
});

t.test('each server has a session of its own, and other expectations another one', async (t) => {
  const rig = newRig();
  const first = rig.accept();
  const second = rig.accept();
  t.equal(await visit(rig, first.port, first.ends), 'full');
  t.equal(await visit(rig, second.port, second.ends), 'full');
  t.equal(await visit(rig, first.port, first.ends), 'resumed');
  t.equal(await visit(rig, second.port, second.ends), 'resumed');
  const stranger = rig.dial(first.port, expecting(`${ORDERS}x`));
  await rig.settle(stranger);
  t.equal(stranger.socket.tls?.failure, 'svid-unexpected-id', 'a session proves nothing to another expectation');
  rig.destroy();
});
