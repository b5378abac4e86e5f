import t from 'tap';
import { API_VERSIONS, KINDS, resourceId, resourceTitle } from '../../../src/resources/index.ts';
import { decode, route, workload } from './world.ts';

t.test('a resource is known by kind, namespace and name', async (t) => {
  const entry = decode(workload('vm7.eu'));
  t.equal(resourceId(entry), 'WorkloadEntry.shop.vm7.eu');
  t.equal(resourceTitle(entry), 'WorkloadEntry shop/vm7.eu');
  t.equal(resourceId(decode(route('r', [{}], {}, { namespace: undefined }))), 'HTTPRoute.default.r');
});

t.test('each kind has one apiVersion', async (t) => {
  t.same(Object.keys(API_VERSIONS).sort(), [...KINDS].sort());
});
