import t from 'tap';
import { formatSpiffeId, parseSpiffeId, principalOf } from '../../../src/contract/spiffe-id.ts';

t.test('identities in the form of Istio, and nothing else', async (t) => {
  const id = { trustDomain: 'example.org', namespace: 'shop', account: 'orders.v2' };
  const text = 'spiffe://example.org/ns/shop/sa/orders.v2';
  t.same(parseSpiffeId(text), id);
  t.equal(formatSpiffeId(id), text);
  t.equal(principalOf(text), 'example.org/ns/shop/sa/orders.v2');
  for (const wrong of [
    '',
    'example.org/ns/shop/sa/orders',
    'spiffe://example.org/ns/shop/sa/',
    'spiffe://example.org/ns/shop/sa/orders/more',
    'spiffe://example.org/ns/SHOP/sa/orders',
    'spiffe://Example.org/ns/shop/sa/orders',
    'spiffe://example.org:8443/ns/shop/sa/orders',
    'spiffe://user@example.org/ns/shop/sa/orders',
    'spiffe://example.org/ns/shop/sa/orders?x=1',
    'spiffe://example.org/ns/shop/sa/orders#x',
    'spiffe://example.org/ns/shop/sa/%6frders',
    'spiffe://example.org//ns/shop/sa/orders',
    'SPIFFE://example.org/ns/shop/sa/orders',
    `spiffe://example.org/ns/shop/sa/orders\n`,
  ])
    t.equal(parseSpiffeId(wrong), null, wrong);
});
