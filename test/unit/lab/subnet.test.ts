import t from 'tap';
import { addressAt, parseSubnet } from '../../../src/lab/subnet.ts';

t.test('addresses are counted from the base of the subnet', async (t) => {
  for (const [subnet, index, address] of [
    ['10.77.0.0/24', 2, '10.77.0.2'],
    ['10.77.0.0/16', 300, '10.77.1.44'],
    ['192.168.4.0/24', 201, '192.168.4.201'],
    ['fd77::/64', 2, 'fd77::2'],
    ['fd77::/64', 16, 'fd77::10'],
    ['fd00:1:2:3::/64', 10, 'fd00:1:2:3::a'],
    ['fd00:1:2:3:4:5:6:0/112', 3, 'fd00:1:2:3:4:5:6:3'],
  ] as const) {
    const parsed = parseSubnet(subnet);
    t.equal(parsed === null ? null : addressAt(parsed, index), address, `${subnet} + ${index}`);
  }
});

t.test('what is no network with room for hosts is refused', async (t) => {
  for (const text of [
    '',
    '10.77.0.0',
    '10.77.0.0/',
    '10.77.0.0/30',
    '10.77.0.1/24',
    '10.77.0/24',
    'fd77::/127',
    'fd77::1/64',
    'a/64',
    '10.0.0.0/24/1',
    '::ffff:1.2.3.4/64',
    '10.0.0.0/-1',
  ]) {
    t.equal(parseSubnet(text), null, text);
  }
});
