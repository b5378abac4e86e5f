import t from 'tap';
import { LocalAddresses } from '../../../../src/agent/dns/local-addresses.ts';

t.test(
  'addresses of this host are local, zones aside; interfaces are listed again at most once a second',
  async (t) => {
    let lists = 0;
    let all = ['10.0.0.1', 'fe80::1'];
    const local = new LocalAddresses(() => {
      lists++;
      return all;
    });
    t.ok(local.has('127.0.0.1', 0));
    t.ok(local.has('::1', 0));
    t.equal(lists, 0, 'loopback needs no list');
    t.ok(local.has('10.0.0.1', 0));
    t.ok(local.has('fe80::1%eth0', 0));
    t.notOk(local.has('10.0.0.2', 1));
    t.notOk(local.has('10.0.0.2', 999));
    t.equal(lists, 1);
    all = ['10.0.0.2'];
    t.ok(local.has('10.0.0.2', 1000), 'an address that was added');
    t.notOk(local.has('10.0.0.1', 2000), 'one that was taken away');
    t.equal(lists, 3);
  },
);

t.test('the real interfaces have loopback', async (t) => {
  t.ok(new LocalAddresses().has('127.0.0.1', 0));
  t.notOk(new LocalAddresses().has('192.0.2.1', 0));
});
