import t from 'tap';
import { chooseForConnection, declaredVerdict, type OpaqueTarget } from '../../../src/proxy/resolve-target.ts';
import { address, ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

t.test('only `auto` leaves the verdict to sniffing', async (t) => {
  t.same((['auto', 'http1', 'http2', 'grpc', 'tls', 'tcp'] as const).map(declaredVerdict), [
    null,
    'http1',
    'http2',
    'http2',
    'tls',
    'opaque',
  ]);
});

t.test('a connection goes to an endpoint that has not failed it, or nowhere', async (t) => {
  const rig = new ProxyRig();
  const { context } = rig;
  rig.service(serviceView([1, 2]));
  const found = context.table.find(rig.destination);
  if (found.type !== 'service') throw new Error('no service');
  const [one, two] = found.port.cluster.endpoints.map(({ endpoint }) => endpoint);
  const original = context.outbound.get(address('10.0.0.1', 9));
  const service: OpaqueTarget = {
    service: 'shop/orders',
    protocol: 'auto',
    cluster: found.port.cluster,
    l4: null,
    isRestricted: false,
    original,
  };
  t.equal(chooseForConnection(context, service, null, [one]), two);
  t.equal(chooseForConnection(context, service, null, [two]), one);
  t.equal(chooseForConnection(context, service, null, [one, two]), null);
  const alone: OpaqueTarget = { ...service, cluster: null };
  t.equal(chooseForConnection(context, alone, null), original);
  t.equal(chooseForConnection(context, alone, null, [original]), null);
  await rig.end();
});
