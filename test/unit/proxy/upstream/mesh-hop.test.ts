import t from 'tap';
import { EndpointStore } from '../../../../src/proxy/endpoints/endpoint-store.ts';
import { describeDial, dialEndpoint } from '../../../../src/proxy/upstream/dial.ts';
import { EPROTO } from '../../../../src/reactor/errno.ts';
import { address, ProxyRig } from '../../../helpers/proxy-rig.ts';

const handler = {
  onConnect() {},
  onData() {},
  onEnd() {},
  onDrain() {},
  onError() {},
  onTimeout() {},
  onReadable() {},
  onWritable() {},
};

t.test(
  'whom we expect, as whom we speak, and what is dialled make another endpoint with connections of its own',
  async (t) => {
    const store = new EndpointStore(0);
    const at = address('10.0.0.1', 80);
    const hop = store.meshHop('spiffe://td/ns/a/sa/b', 'spiffe://td/ns/a/sa/own', 'a.b');
    t.equal(store.meshHop('spiffe://td/ns/a/sa/b', 'spiffe://td/ns/a/sa/own', 'a.b'), hop);
    const others = [
      store.get(at),
      store.get(at, store.meshHop('spiffe://td/ns/a/sa/b', null, 'a.b')),
      store.get(at, store.meshHop('spiffe://td/ns/a/sa/c', 'spiffe://td/ns/a/sa/own', 'a.b')),
      store.get(at, store.meshHop('spiffe://td/ns/a/sa/b', 'spiffe://td/ns/a/sa/own', 'c.b')),
      store.get(at, store.securedBy({ serverName: 'x', hosts: [], uris: [], trusted: { type: 'system' } })),
    ];
    t.equal(new Set([store.get(at, hop), ...others]).size, 6);
    t.same(
      others.map(({ tls }) => tls?.isMesh),
      [undefined, true, true, true, false],
    );
  },
);

t.test('without a certificate nothing is dialled', async (t) => {
  const rig = new ProxyRig();
  const { port, sockets } = await rig.serve(() => {});
  const tls = rig.context.outbound.meshHop('spiffe://td/ns/a/sa/b', 'spiffe://td/ns/a/sa/own', 'a.b');
  const target = { address: address('127.0.0.1', port), mark: 0, tls };
  t.equal(dialEndpoint(rig.reactor, target, 0, handler, 'http1'), EPROTO);
  t.match(describeDial(target, EPROTO), /no valid certificate for spiffe:\/\/td\/ns\/a\/sa\/own/);
  t.equal(rig.count('towpath_tls_failures_total', { side: 'client', reason: 'own-identity-missing' }), 1);
  t.equal(sockets.length, 0);
  await rig.end();
});
