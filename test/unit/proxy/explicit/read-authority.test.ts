import t from 'tap';
import { hostAddress, isHostName, NO_PORT, readAuthority } from '../../../../src/proxy/explicit/read-authority.ts';

const CASES: readonly (readonly [text: string, host: string, port: number])[] = [
  ['orders', 'orders', NO_PORT],
  ['Orders.SHOP:8080', 'orders.shop', 8080],
  ['orders.shop.svc.cluster.local.:80', 'orders.shop.svc.cluster.local', 80],
  ['orders:', 'orders', NO_PORT],
  ['orders:0', 'orders', 0],
  ['10.0.0.1', '10.0.0.1', NO_PORT],
  ['10.0.0.1:65535', '10.0.0.1', 65535],
  ['[FD00:240::1]', 'fd00:240::1', NO_PORT],
  ['[fd00:240::1]:443', 'fd00:240::1', 443],
];

for (const [text, host, port] of CASES) {
  t.test(`${text} is host ${host} and port ${port}`, async (t) => {
    const bytes = Buffer.from(`<<${text}>>`);
    t.same(readAuthority(bytes, 2, text.length), { host, port });
  });
}

t.test('addresses are told from names; IPv4 in IPv6 is the IPv4 address', async (t) => {
  t.equal(String(hostAddress('10.0.0.1')), '10.0.0.1:0');
  t.equal(String(hostAddress('fd00:240::1')), '[fd00:240::1]:0');
  t.equal(String(hostAddress('::ffff:127.0.0.1')), '127.0.0.1:0');
  for (const name of ['orders', '127.1', '0x7f.0.0.1', '2130706433', '1.2.3.4.5', 'fd00', '']) {
    t.equal(hostAddress(name), null, name);
  }
});

t.test('only names that DNS could know are asked for', async (t) => {
  for (const name of ['a', 'example.org', '_sip.example.org', 'x-1.y', '127.1']) t.ok(isHostName(name), name);
  for (const name of ['', '.', 'a..b', '-a', 'a-', "a'b", 'a%20b', 'a,b', 'a;b', 'a'.repeat(254)]) {
    t.notOk(isHostName(name), name);
  }
});
