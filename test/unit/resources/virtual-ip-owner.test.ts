import t from 'tap';
import { ownedVirtualIps, virtualIpOwner } from '../../../src/resources/virtual-ip-owner.ts';
import { indexOf, service } from './world.ts';

t.test('the oldest Service keeps an address that several claim', async (t) => {
  const index = indexOf(
    { ...service('young', { clusterIPs: ['240.240.0.1', 'fd00:240::1'] }), creationTimestamp: '2026-02-01T00:00:00Z' },
    { ...service('zold', { clusterIPs: ['240.240.0.1'] }), creationTimestamp: '2026-01-01T00:00:00Z' },
  );
  t.equal(virtualIpOwner(index, '240.240.0.1')?.resource.metadata.name, 'zold');
  t.equal(virtualIpOwner(index, '240.240.0.2'), undefined);
  const ownedBy = (key: string): string[] => {
    const frontend = index.frontend(key)?.resource;
    return frontend === undefined ? [] : ownedVirtualIps(index, frontend);
  };
  t.same(ownedBy('shop/zold'), ['240.240.0.1']);
  t.same(ownedBy('shop/young'), ['fd00:240::1']);
  index.delete('Service.shop.zold');
  t.same(ownedBy('shop/young'), ['240.240.0.1', 'fd00:240::1'], 'the next one gets it when the owner goes');
});
