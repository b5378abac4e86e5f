import t from 'tap';
import { cidrsOf, containsCidr, parseCidr } from '../../../src/intercept/cidr.ts';

t.test('a range is brought into the form that iptables-save prints', async (t) => {
  for (const [text, canonical] of [
    ['10.1.2.3', '10.1.2.3/32'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::1', '::1/128'],
    ['::', '::/128'],
    ['FD00:0240:0:0::/32', 'fd00:240::/32'],
    ['2001:db8:1:2:3:4:5:6/64', '2001:db8:1:2::/64'],
    ['fd00::ffff:1/112', 'fd00::ffff:0/112'],
    ['1::/16', '1::/16'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1/128'],
  ] as const) {
    t.equal(parseCidr(text)?.text, canonical, text);
  }
});

t.test('what is no range is refused', async (t) => {
  for (const text of [
    '',
    'host',
    '10.0.0',
    '10.0.0.1/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    ' 10.0.0.1',
    '1:2',
    '10.0.0.1/0x8',
  ]) {
    t.equal(parseCidr(text), undefined, JSON.stringify(text));
  }
});

t.test('one range contains another', async (t) => {
  const contains = (outer: string, inner: string): boolean => {
    const [a, b] = [parseCidr(outer), parseCidr(inner)];
    return a !== undefined && b !== undefined && containsCidr(a, b);
  };
  t.ok(contains('127.0.0.0/8', '127.1.2.3'));
  t.ok(contains('::/0', 'fd00::/8'));
  t.notOk(contains('127.0.0.0/8', '126.0.0.0/7'));
  t.notOk(contains('127.0.0.0/8', '128.0.0.0/8'));
  t.notOk(contains('0.0.0.0/0', '::1'), 'families never mix');
});

t.test('the ranges of one family keep their order', async (t) => {
  const texts = ['fd00::/8', '10.0.0.0/8', 'nonsense', '1.1.1.1'];
  t.same(
    cidrsOf('v4', texts).map((cidr) => cidr.text),
    ['10.0.0.0/8', '1.1.1.1/32'],
  );
});
