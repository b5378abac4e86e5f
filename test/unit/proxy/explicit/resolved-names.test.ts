import t from 'tap';
import { ResolvedNames } from '../../../../src/proxy/explicit/resolved-names.ts';

t.test('addresses hold for half a minute, failures for five seconds', async (t) => {
  const names = new ResolvedNames();
  names.put('good', ['10.0.0.1', 'fd00::1'], '', 1_000);
  names.put('bad', [], 'unknown', 1_000);
  t.equal(names.get('other', 1_000), null);
  t.equal(names.get('good', 30_999)?.addresses.join(), '10.0.0.1:0,[fd00::1]:0');
  t.equal(names.get('good', 31_000), null);
  t.equal(names.get('bad', 5_999)?.problem, 'unknown');
  t.equal(names.get('bad', 6_000), null);
});

t.test('a name without a usable address is unknown', async (t) => {
  const names = new ResolvedNames();
  names.put('none', ['fe80::1%eth0'], '', 0);
  t.equal(names.get('none', 1)?.problem, 'unknown');
});

t.test('only the newest 1024 names are kept', async (t) => {
  const names = new ResolvedNames();
  for (let i = 0; i < 2_000; i++) names.put(`n${i}`, ['10.0.0.1'], '', 0);
  t.equal(names.get('n975', 1), null);
  t.ok(names.get('n976', 1));
  names.put('n976', ['10.0.0.2'], '', 2);
  names.put('one-more', ['10.0.0.2'], '', 2);
  t.ok(names.get('n976', 3), 'new again');
  t.equal(names.get('n977', 3), null);
});
