/** Handshakes between agents: who is who, what is spoken, full and resumed. */
import t from 'tap';
import { identitySetOf, makeRoot, makeSvid } from '../../../../helpers/make-svid.ts';
import { send } from '../../support/world.ts';
import { expecting, MeshRig, ORDERS, WEB } from '../support/mesh-rig.ts';

const root = await makeRoot();
const web = await makeSvid(root, WEB);
const orders = await makeSvid(root, ORDERS);

t.test('both ends learn who the other is, in full and in resumed handshakes', async (t) => {
  const rig = new MeshRig();
  rig.use(identitySetOf([root], [web]), identitySetOf([root], [orders]));
  const { port, ends } = rig.accept();
  const target = expecting(ORDERS);
  for (const resumed of [false, true, true]) {
    const client = rig.dial(port, target);
    const nth = ends.length;
    await rig.until(() => ends.length > nth);
    t.equal(client.socket.tls?.peerPrincipal, null, 'nobody has proven anything yet');
    await rig.settle(client, ends[nth]);
    const shared = { version: 'TLSv1.3', protocol: 'towpath-http/1.1', resumed, established: true, failure: '' };
    const webPrincipal = 'example.org/ns/shop/sa/web';
    const ordersPrincipal = 'example.org/ns/shop/sa/orders';
    t.match(client.socket.tls, { ...shared, peerPrincipal: ordersPrincipal, localPrincipal: webPrincipal });
    t.match(ends[nth].socket.tls, { ...shared, peerPrincipal: webPrincipal, localPrincipal: ordersPrincipal });
    send(rig.world, ends[nth].socket, 'hello');
    await rig.until(() => client.heard.text === 'hello');
    rig.world.reactor.close(client.socket);
    rig.world.reactor.close(ends[nth].socket);
  }
  t.same(rig.counted.sort(), [
    'client full',
    'client resumed',
    'client resumed',
    'server full',
    'server resumed',
    'server resumed',
  ]);
  t.equal(rig.leftOver(), 0);
  rig.destroy();
});
