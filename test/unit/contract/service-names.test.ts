import t from 'tap';
import { nameOf, ServiceNames } from '../../../src/contract/service-names.ts';

function names(keys: readonly string[], home: readonly string[] = []): ServiceNames {
  const all = new ServiceNames();
  all.setHome(home);
  all.setDirectory(
    keys.map((key) => {
      const [namespace, name] = key.split('/');
      return { namespace, name, virtualIps: [], ports: [80] };
    }),
  );
  return all;
}

const KEYS = ['shop/orders', 'default/orders', 'shop/users', 'bank/users', 'bank/ledger', 'svc/odd'];

const CASES: readonly (readonly [host: string, home: readonly string[], means: string])[] = [
  ['orders.shop', [], 'shop/orders'],
  ['orders.shop.svc', [], 'shop/orders'],
  ['orders.shop.svc.cluster.local', [], 'shop/orders'],
  ['orders.default', ['shop'], 'default/orders'],
  ['orders', [], 'default/orders'],
  ['orders', ['shop'], 'shop/orders'],
  ['orders', ['bank', 'shop'], 'shop/orders'],
  ['ledger', [], 'bank/ledger'],
  ['ledger', ['shop'], 'bank/ledger'],
  ['users', [], 'ambiguous shop/users bank/users'],
  ['users', ['bank'], 'bank/users'],
  ['odd.svc', [], 'none, of the mesh'],
  ['odd', [], 'svc/odd'],
  ['odd.svc.svc', [], 'svc/odd'],
  ['orders.shop.cluster.local', [], 'none'],
  ['orders.bank', [], 'none'],
  ['orders.bank.svc', [], 'none, of the mesh'],
  ['orders.svc.cluster.local', [], 'none, of the mesh'],
  ['a.orders.shop.svc', [], 'none, of the mesh'],
  ['a.orders.shop', [], 'none'],
  ['example.org', [], 'none'],
  ['nobody', [], 'none'],
  ['', [], 'none'],
  ['.', [], 'none'],
  ['.svc', [], 'none, of the mesh'],
  ['__proto__', [], 'none'],
];

for (const [host, home, means] of CASES) {
  t.test(`"${host}" on a host with programs in [${home.join(', ')}] means ${means}`, async (t) => {
    const found = names(KEYS, home).find(host);
    switch (found.type) {
      case 'service':
        return t.equal(found.key, means);
      case 'ambiguous':
        return t.equal(`ambiguous ${found.keys.join(' ')}`, means);
      case 'none':
        return t.equal(found.isMesh ? 'none, of the mesh' : 'none', means);
    }
  });
}

t.test('who asks in vain is told a similar name, or some that are known', async (t) => {
  const known = names(KEYS);
  t.equal(known.hint('order.shop.svc'), 'did you mean orders.shop?');
  t.equal(known.hint('ledgre'), 'did you mean ledger.bank?');
  t.equal(
    known.hint('something.else.entirely'),
    'services: orders.shop, orders.default, users.shop, users.bank, ledger.bank and 1 more',
  );
  t.equal(names([]).hint('orders'), 'no services are known here yet');
});

t.test('a new directory replaces the old one', async (t) => {
  const changing = names(KEYS);
  changing.setDirectory([{ namespace: 'shop', name: 'cart', virtualIps: [], ports: [80] }]);
  t.equal(changing.find('orders.shop').type, 'none');
  t.equal(changing.find('cart').type, 'service');
  t.equal(nameOf('shop/cart'), 'cart.shop');
});
