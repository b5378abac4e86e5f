import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isLoopback, parseNameservers, ResolverFile } from '../../../../src/agent/dns/resolver-file.ts';

t.test('nameserver lines are found, three at most, comments and nonsense aside', async (t) => {
  t.same(parseNameservers('# nameserver 9.9.9.9\nsearch corp\n nameserver  10.0.0.1 \nnameserver fd00::1\n'), [
    '10.0.0.1',
    'fd00::1',
  ]);
  t.same(parseNameservers('nameserver\nnameserver localhost\nnameservers 10.0.0.1\noptions x'), []);
  t.same(parseNameservers('nameserver fe80::1%eth0\nnameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3'), [
    'fe80::1%eth0',
    '1.1.1.1',
    '2.2.2.2',
  ]);
});

t.test('a file that is replaced counts within five seconds, one that goes means this host itself', async (t) => {
  const folder = t.testdir({ main: 'nameserver 10.0.0.1\n', next: 'nameserver 10.0.0.2\nnameserver 10.0.0.3\n' });
  const main = join(folder, 'main');
  const file = new ResolverFile([main, join(folder, 'none')]);
  t.same(file.nameservers(0), ['10.0.0.1']);
  renameSync(join(folder, 'next'), main);
  t.same(file.nameservers(4_999), ['10.0.0.1'], 'not looked at each time');
  t.same(file.nameservers(5_000), ['10.0.0.2', '10.0.0.3']);
  rmSync(main);
  t.same(file.nameservers(10_000), ['127.0.0.1']);
});

t.test('behind the stub of systemd-resolved, those whom it asks itself', async (t) => {
  const folder = t.testdir({ main: 'nameserver 127.0.0.53\n', behind: 'nameserver 10.0.0.1\n' });
  const files = [join(folder, 'main'), join(folder, 'behind')] as const;
  t.same(new ResolverFile(files).nameservers(0), ['10.0.0.1']);
  t.same(new ResolverFile([files[0], join(folder, 'none')]).nameservers(0), ['127.0.0.53']);
  writeFileSync(files[0], 'nameserver 127.0.0.53\nnameserver 10.9.9.9\n');
  t.same(new ResolverFile(files).nameservers(0), ['127.0.0.53', '10.9.9.9'], 'not when others are named too');
});

t.test('loopback is told in both families', async (t) => {
  t.same(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '10.0.0.1', 'fd00::1'].map(isLoopback), [
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});
