/** Certificates that change while connections live: nothing breaks, nothing is left, and what cannot be is refused. */
import t from 'tap';
import { DAY_MS, identitySetOf, makeIntermediate, makeRoot, makeSvid } from '../../../../helpers/make-svid.ts';
import { openDescriptors, send } from '../../support/world.ts';
import { expecting, MeshRig, ORDERS, WEB } from '../support/mesh-rig.ts';

const root = await makeRoot();
const web = await makeSvid(root, WEB);
const orders = await makeSvid(root, ORDERS);
const target = expecting(ORDERS);

t.test('old connections live on with their certificates, new ones and those under way get on', async (t) => {
  const rig = new MeshRig();
  rig.use(identitySetOf([root], [web]), identitySetOf([root], [orders]));
  const { port, ends } = rig.accept();
  const before = rig.dial(port, target);
  await rig.settle(before);
  await rig.settle(ends[0]);
  const during = rig.dial(port, target);
  await rig.until(() => ends.length === 2);
  const second = await makeRoot();
  const renewed = await makeSvid(second, ORDERS);
  rig.use(identitySetOf([root, second], [web]), identitySetOf([root, second], [renewed]));
  await rig.settle(during);
  await rig.settle(ends[1]);
  const after = rig.dial(port, target);
  await rig.settle(after);
  await rig.settle(ends[2]);
  const leafOf = (end: typeof after): string => end.socket.tls?.peerChain()[0]?.toString('base64') ?? '';
  const der = (pem: string): string => pem.replace(/-----[A-Z ]+-----|\s/g, '');
  t.equal(leafOf(before), der(orders.certificate));
  t.equal(leafOf(after), der(renewed.certificate));
  for (const [i, client] of [before, during, after].entries()) {
    send(rig.world, ends[i].socket, 'still here');
    await rig.until(() => client.heard.text === 'still here');
    rig.world.reactor.close(client.socket);
    rig.world.reactor.close(ends[i].socket);
  }
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});

t.test('certificates that cannot be are refused with the reason, and the earlier ones stay', async (t) => {
  const rig = new MeshRig();
  const good = identitySetOf([root], [orders]);
  const below = await makeSvid(await makeIntermediate(root), ORDERS);
  const refusals: readonly (readonly [string, Parameters<typeof rig.accepting.replace>[0]])[] = [
    ['the roots hold no certificate in PEM form', { ...good, roots: 'no roots' }],
    ['the certificates hold no certificate in PEM form', { ...good, identities: [{ ...orders, chain: '' }] }],
    [
      'certificate 1 of the certificates is damaged',
      { ...good, identities: [{ ...orders, chain: orders.chain.replace(/[A-Za-z0-9]{6}\n/, 'AAAA\n') }] },
    ],
    ['the private key is not in PEM form, or needs a password', { ...good, identities: [{ ...orders, key: 'none' }] }],
    ['the private key does not belong to the certificate', { ...good, identities: [{ ...orders, key: web.key }] }],
    [
      `the certificate for ${ORDERS} is for ${WEB}`,
      { ...good, identities: [{ ...orders, chain: web.chain, key: web.key }] },
    ],
    [
      `the certificate for ${ORDERS} was not issued by one of the roots of the mesh`,
      { ...good, roots: (await makeRoot()).certificate },
    ],
    [
      `the certificate for ${ORDERS} was not issued by one of the roots of the mesh`,
      { ...good, identities: [{ ...below, chain: below.certificate }] },
    ],
    [
      `spiffe://other.example/a is no identity of the trust domain example.org`,
      { ...good, identities: [{ ...orders, spiffeId: 'spiffe://other.example/a' }] },
    ],
    ['Example is no trust domain', { ...good, trustDomain: 'Example' }],
    // The first is in order: all or nothing.
    ['the private key is not in PEM form, or needs a password', { ...good, identities: [orders, { ...web, key: '' }] }],
  ];
  for (const [why, set] of refusals) {
    t.equal(rig.accepting.replace(set), `the new certificates of this host are not used: ${why}; none is in force`);
  }
  t.equal(rig.world.descriptors.natives.count, 0, 'nothing is left of what was refused');
  rig.use(identitySetOf([root], [web]), good);
  const held = rig.world.descriptors.natives.count;
  for (const [why, set] of refusals) {
    const problem = rig.accepting.replace(set);
    t.equal(problem, `the new certificates of this host are not used: ${why}; the earlier ones stay in force`);
    t.notMatch(problem, 'PRIVATE');
  }
  t.equal(rig.world.descriptors.natives.count, held);
  t.same(rig.accepting.identityIds, [ORDERS]);
  const { port, ends } = rig.accept();
  const client = rig.dial(port, target);
  await rig.settle(client);
  t.equal(client.socket.tls?.established, true);
  for (const { socket } of [client, ...ends]) rig.world.reactor.close(socket);
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});

t.test(
  'an own certificate that has expired, or is not valid yet, begins no handshake, and says which it is',
  async (t) => {
    const rig = new MeshRig();
    rig.use(identitySetOf([root], [web]), identitySetOf([root], [orders]));
    const { port, ends } = rig.accept();
    const alive = rig.dial(port, target);
    await rig.settle(alive);
    await rig.settle(ends[0]);
    const usable = rig.dialling.clientTarget(target);
    const cases = [
      ['own-identity-expired', 'expired at', 2 * DAY_MS],
      ['own-identity-not-yet-valid', 'is not valid before', -2 * DAY_MS],
    ] as const;
    for (const [reason, words, offset] of cases) {
      rig.world.reactor.tls.library.wallClock = () => Date.now() + offset;
      const problem = rig.dialling.clientTarget(target);
      const sentence = new RegExp(
        `^the certificate of this host for ${WEB} \\(without a subject\\) ${words} 20[-0-9T:.]+Z; see towpath cert show$`,
      );
      t.match(problem, { reason, sentence });
      // A peer whose clock is right dials us.
      if ('reason' in usable) throw new Error(usable.sentence);
      const nth = ends.length;
      const peer = rig.dialWith(port, usable);
      await rig.settle(peer);
      await rig.until(() => ends.length > nth);
      await rig.settle(ends[nth]);
      t.equal(ends[nth].socket.tls?.failure, reason);
      t.match(ends[nth].socket.reason, `the certificate of this host for ${ORDERS} (without a subject) ${words}`);
      t.equal(peer.socket.reason, 'the peer ended TLS: an internal error of its own');
    }
    send(rig.world, ends[0].socket, 'still here');
    await rig.until(() => alive.heard.text === 'still here');
    rig.world.reactor.tls.library.wallClock = Date.now;
    rig.use({ ...identitySetOf([root], []) }, { ...identitySetOf([root], []) });
    t.match(rig.dialling.clientTarget(target), { reason: 'own-identity-missing' });
    t.match(rig.accepting.find(null), { reason: 'own-identity-missing' });
    t.match(rig.accepting.find(ORDERS), { reason: 'own-identity-missing' });
    rig.destroy();
  },
);

t.test('each of several identities is shown where it is asked for', async (t) => {
  const rig = new MeshRig();
  const both = identitySetOf([root], [orders, web]);
  rig.use(both, both);
  const first = rig.accept();
  const second = rig.accept(WEB);
  const dial = async (port: number, expected: string, identity: string | null) => {
    const client = rig.dial(port, { ...expecting(expected), identity });
    await rig.settle(client);
    return client.socket.tls?.localPrincipal ?? client.socket.reason;
  };
  t.equal(await dial(first.port, ORDERS, WEB), 'example.org/ns/shop/sa/web');
  t.equal(await dial(second.port, WEB, null), 'example.org/ns/shop/sa/orders');
  await rig.settle(first.ends[0], second.ends[0]);
  t.equal(first.ends[0].socket.tls?.peerPrincipal, 'example.org/ns/shop/sa/web');
  t.equal(second.ends[0].socket.tls?.localPrincipal, 'example.org/ns/shop/sa/web');
  const none = { ...expecting(ORDERS), identity: 'spiffe://example.org/ns/shop/sa/none' };
  t.match(rig.dialling.clientTarget(none), { reason: 'own-identity-missing', sentence: /no certificate for spiffe/ });
  rig.destroy();
});

t.test(
  'swapped 300 times under connections, nothing is left: neither objects, nor descriptors, nor memory',
  async (t) => {
    t.setTimeout(60_000);
    const rig = new MeshRig();
    const sets = [await makeSvid(root, ORDERS), await makeSvid(root, ORDERS)].map((svid) =>
      identitySetOf([root], [svid]),
    );
    rig.use(identitySetOf([root], [web]), sets[0]);
    const { port, ends } = rig.accept();
    const descriptors = openDescriptors();
    const swap = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        const client = rig.dial(port, target);
        if (i % 2 === 0) await rig.settle(client);
        rig.use(null, sets[(i + 1) % 2]);
        await rig.settle(client);
        rig.world.reactor.close(client.socket);
        for (const { socket } of ends.splice(0)) rig.world.reactor.close(socket);
      }
      global.gc?.();
    };
    await swap(100);
    const before = process.memoryUsage.rss();
    const held = rig.world.descriptors.natives.count;
    await swap(300);
    const grown = (process.memoryUsage.rss() - before) / 1024;
    t.comment(`${Math.round(grown)} KiB`);
    t.ok(grown < 12 * 1024, 'less than 40 KiB for each: a context that stays would cost more');
    t.equal(rig.world.descriptors.natives.count, held);
    t.equal(openDescriptors(), descriptors);
    t.equal(rig.leftOver(), 0);
    rig.destroy();
  },
);
